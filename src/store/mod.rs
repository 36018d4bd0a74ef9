//! Where records of uploads outlive the process.
