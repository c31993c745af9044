//! The story of the room: publish, read, publish again, crash, tamper.

mod chain;
mod crash;
mod notices;
mod publish;
mod redact;
mod tamper;
mod withdrawal;
