//! One upload's life over several requests, and what may be told of it to its client. Pure.
