use std::path::PathBuf;
use std::time::Duration;

use super::turns::Shares;
use super::worker::{Spawn, Start};
use crate::base::memory;
use crate::config::{DataDir, Environment, WrongValue, env_vars};
use crate::engine;
use crate::extract::SharedPolicy;

/// Of the memory of the machine, what all workers together may take; the rest is for the server and for extraction.
const SHARE_OF_MEMORY: f64 = 0.6;
/// What a worker needs beside the engine's own memory, in bytes.
const BESIDE: u64 = 384 * 1024 * 1024;
/// Least memory of an engine, in bytes.
const LEAST: u64 = 64 * 1024 * 1024;

#[derive(Clone, Debug)]
pub struct QuerySettings {
    /// Of the engine of one query, in bytes. What it needs beyond that spills, or fails.
    pub memory: u64,
    /// Of one query.
    pub threads: usize,
    /// From the call to the answer, waiting included.
    pub timeout: Duration,
    /// Queries that may have begun at the same time.
    pub workers: usize,
    /// Queries of more than a second that may go on at the same time.
    pub cores: usize,
    /// Directory for what does not fit in memory.
    pub spill: PathBuf,
    /// Of one query, in bytes.
    pub spill_bytes: u64,
    /// Directory of extensions; `None` is DuckDB's own.
    pub extensions: Option<PathBuf>,
    /// Idle workers that are kept.
    pub kept: usize,
    /// What workers see: where libraries and extensions are found.
    pub environment: Vec<(String, String)>,
    /// Whether to refuse to run where the kernel lacks a layer of the sandbox.
    pub is_sandbox_required: bool,
    /// How remote tables may be reached.
    pub remote: SharedPolicy,
}

impl QuerySettings {
    pub fn load(env: &Environment, data_dir: &DataDir, remote: SharedPolicy) -> Result<Self, WrongValue> {
        let cores = engine::cores();
        let wanted: Option<usize> = env.number_if_set(&env_vars::AGNES_QUERY_CONCURRENCY)?;
        let (memory, workers) = share_out(env.bytes(&env_vars::AGNES_QUERY_MEMORY)?, wanted.unwrap_or(4 * cores));
        Ok(Self {
            memory,
            threads: env.number_if_set(&env_vars::AGNES_QUERY_THREADS)?.unwrap_or(cores),
            timeout: env.duration(&env_vars::AGNES_QUERY_TIMEOUT)?,
            workers,
            cores,
            spill: data_dir.spill(),
            spill_bytes: env.bytes(&env_vars::AGNES_QUERY_SPILL)?,
            extensions: env.get(&env_vars::AGNES_EXTENSION_DIR).map(Into::into),
            kept: workers,
            environment: ["HOME", "LD_LIBRARY_PATH"]
                .iter()
                .filter_map(|name| Some(((*name).to_owned(), env.named(name)?.to_owned())))
                .chain(env.of_system())
                .collect(),
            is_sandbox_required: env.text(&env_vars::AGNES_QUERY_SANDBOX) == "required",
            remote,
        })
    }

    /// How workers are made, of our own executable.
    pub fn spawn(&self, program: PathBuf) -> Spawn {
        let start = Start {
            memory: format!("{}B", self.memory),
            max_bytes: max_bytes(self.memory),
            spill: self.spill.clone(),
            spill_bytes: self.spill_bytes,
            extensions: self.extensions.clone(),
        };
        Spawn { program, environment: self.environment.clone(), start, kept: self.kept }
    }

    /// Who may have a worker.
    pub fn shares(&self) -> Shares {
        let per_person = (self.workers / 4).max(1);
        Shares { slots: self.workers, per_person, waiting: 64 * self.workers, waiting_per_person: 32 }
    }

    /// Who may go on after a short time.
    pub fn long_shares(&self) -> Shares {
        let per_person = (self.cores / 2).max(1);
        // Everybody here has a worker already.
        Shares { slots: self.cores, per_person, waiting: self.workers, waiting_per_person: self.workers }
    }
}

/// What the process of a query may take in all, for an engine with so much memory.
fn max_bytes(memory: u64) -> u64 {
    memory + memory / 2 + BESIDE
}

/// The memory of each engine and the number of workers: fewer, or smaller ones, if the machine has not so much.
fn share_out(memory: u64, workers: usize) -> (u64, usize) {
    let all = (memory::available() as f64 * SHARE_OF_MEMORY) as u64;
    let fitting = usize::try_from(all / max_bytes(memory)).unwrap_or(usize::MAX);
    // Somebody else's query has to find a place beside a long one.
    let few = workers.min(2);
    if fitting >= few {
        return (memory, workers.min(fitting));
    }
    let each = all / few.max(1) as u64;
    let smaller = (each.saturating_sub(BESIDE) / 3 * 2).clamp(LEAST, memory);
    tracing::warn!(
        "AGNES_QUERY_MEMORY: this machine has not enough memory for {few} queries of {} MB; each gets {} MB",
        memory >> 20,
        smaller >> 20
    );
    (smaller, few)
}
