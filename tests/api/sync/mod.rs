mod manifest;
mod trigger;
