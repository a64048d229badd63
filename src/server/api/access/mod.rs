pub mod effective;
pub mod overview;
