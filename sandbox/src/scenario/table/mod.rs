//! The tables of scenarios.

mod all;
mod approval;
mod asking;
mod cut;
mod form;
mod order;
mod otp;
mod pay;
mod refund;
mod row;
mod settling;
mod shown;
mod stranger;
