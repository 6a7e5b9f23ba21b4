//! Servers, poolers and proxies for tests.
