mod manifest;
mod runs;
mod trigger;
