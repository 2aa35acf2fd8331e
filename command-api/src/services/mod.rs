//! The gRPC services. A single call and a command of the bulk stream take the same way.

mod intake;
mod unary;

pub(crate) use intake::IntakeService;
pub(crate) use unary::UnaryServices;
