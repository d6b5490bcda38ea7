//! Log-outs and changed passwords, followed through the log by every service.
