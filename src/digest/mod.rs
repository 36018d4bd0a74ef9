//! Digests of what is uploaded (RFC 9530): what a client says, and what the bytes come to. Pure.
