//! What `deploy/` says: whether Kubernetes and systemd take it, whether the program takes what is said there of it, and
//! whether the parts fit together. And whether the image has all that the program needs.
//!
//! The tools come from outside: kubectl, systemd, buildah, and schemas of Kubernetes. `.ci/run` installs what it can. One
//! that is missing is a failure there (`CI` is set), and skips its tests elsewhere.

#![allow(clippy::unwrap_used)]

// Shared with the end-to-end tests; not everything in it is needed here.
#[allow(dead_code)]
#[path = "../e2e/support/secrets.rs"]
mod secrets;

mod image;
mod kubernetes;
mod mutations;
mod program;
mod rules;
mod setup;
mod systemd;
mod tools;
