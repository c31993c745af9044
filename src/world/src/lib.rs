//! The demo world: a marketplace that hangs together, the same for the same seed.
//!
//! Floor 3. Knows `domain`; does not know the catalogue, the engine or HTTP.

#[cfg(test)]
mod codebooks;
