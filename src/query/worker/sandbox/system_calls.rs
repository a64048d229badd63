//! The system calls that an engine needs to read files, compute with threads, and spill.

use std::collections::BTreeMap;
use std::io;

use rustix::io::Errno;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, apply_filter_all_threads,
};

/// With any arguments.
const ALLOWED: &[libc::c_long] = &[
    // Files. Which ones, Landlock decides.
    libc::SYS_read,
    libc::SYS_pread64,
    libc::SYS_readv,
    libc::SYS_preadv,
    libc::SYS_write,
    libc::SYS_pwrite64,
    libc::SYS_writev,
    libc::SYS_pwritev,
    libc::SYS_openat,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_statfs,
    libc::SYS_fstatfs,
    libc::SYS_lseek,
    libc::SYS_getdents64,
    libc::SYS_readlinkat,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_getcwd,
    libc::SYS_flock,
    libc::SYS_ftruncate,
    libc::SYS_fallocate,
    libc::SYS_fadvise64,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_mkdirat,
    libc::SYS_unlinkat,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    // Memory.
    libc::SYS_mmap,
    libc::SYS_mprotect,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    // Threads and time.
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_membarrier,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_gettimeofday,
    libc::SYS_restart_syscall,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_exit,
    libc::SYS_exit_group,
    // Facts about the process and the machine.
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_getrusage,
    libc::SYS_getrandom,
    libc::SYS_uname,
    libc::SYS_sysinfo,
    // Refused by a filter of its own.
    libc::SYS_clone3,
];

#[cfg(target_arch = "x86_64")]
const OF_ARCHITECTURE: &[libc::c_long] = &[
    libc::SYS_open,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_access,
    libc::SYS_readlink,
    libc::SYS_mkdir,
    libc::SYS_rmdir,
    libc::SYS_unlink,
    libc::SYS_rename,
    libc::SYS_getdents,
    libc::SYS_time,
    libc::SYS_poll,
];
#[cfg(not(target_arch = "x86_64"))]
const OF_ARCHITECTURE: &[libc::c_long] = &[];

/// For tables that stay at their source.
const NETWORK: &[libc::c_long] = &[
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_getsockname,
    libc::SYS_getpeername,
    libc::SYS_getsockopt,
    libc::SYS_setsockopt,
    libc::SYS_sendto,
    libc::SYS_recvfrom,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    libc::SYS_recvmsg,
    libc::SYS_shutdown,
    libc::SYS_ppoll,
    libc::SYS_pselect6,
    libc::SYS_ioctl,
];

/// File commands that name no other process: those could make the kernel send it signals.
const FILE_COMMANDS: [libc::c_int; 9] = [
    libc::F_DUPFD,
    libc::F_DUPFD_CLOEXEC,
    libc::F_GETFD,
    libc::F_SETFD,
    libc::F_GETFL,
    libc::F_SETFL,
    libc::F_GETLK,
    libc::F_SETLK,
    libc::F_SETLKW,
];

/// Every other system call of this process fails from now on. Returns whether this kernel can do that.
pub fn restrict(has_network: bool) -> io::Result<bool> {
    let programs = [without_clone3(), allowed(has_network)];
    for program in programs {
        match apply_filter_all_threads(&program.map_err(io::Error::other)?) {
            Ok(()) => {}
            Err(seccompiler::Error::Seccomp(error) | seccompiler::Error::Prctl(error))
                if [Errno::INVAL, Errno::NOSYS]
                    .iter()
                    .any(|code| error.raw_os_error() == Some(code.raw_os_error())) =>
            {
                return Ok(false);
            }
            Err(error) => return Err(io::Error::other(error)),
        }
    }
    Ok(true)
}

/// Its flags are in memory, which no filter can read. Where it does not exist, `clone` is used.
fn without_clone3() -> Result<BpfProgram, BackendError> {
    program([(libc::SYS_clone3, Vec::new())].into(), SeccompAction::Allow, SeccompAction::Errno(libc::ENOSYS as u32))
}

fn allowed(has_network: bool) -> Result<BpfProgram, BackendError> {
    let network: &[_] = if has_network { NETWORK } else { &[] };
    let calls = [ALLOWED, OF_ARCHITECTURE, network].concat();
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = calls.into_iter().map(|call| (call, Vec::new())).collect();
    // Signals to itself only.
    let own = i64::from(rustix::process::getpid().as_raw_nonzero().get());
    rules.insert(libc::SYS_tgkill, vec![equal(0, own)?]);
    rules.insert(libc::SYS_kill, vec![equal(0, own)?]);
    // Threads, but no processes.
    let thread = libc::CLONE_THREAD as u64;
    let is_thread = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(thread), thread)?;
    rules.insert(libc::SYS_clone, vec![SeccompRule::new(vec![is_thread])?]);
    // Limits may be read.
    let nothing = SeccompCondition::new(2, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0)?;
    rules.insert(libc::SYS_prlimit64, vec![SeccompRule::new(vec![nothing])?]);
    rules.insert(libc::SYS_prctl, vec![equal(0, libc::PR_SET_NAME.into())?]);
    let commands = FILE_COMMANDS.iter().map(|command| equal(1, (*command).into()));
    rules.insert(libc::SYS_fcntl, commands.collect::<Result<_, _>>()?);
    if has_network {
        // The last one tells which addresses this machine has.
        let families = [libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];
        let families = families.iter().map(|family| equal(0, (*family).into()));
        rules.insert(libc::SYS_socket, families.collect::<Result<_, _>>()?);
    }
    program(rules, SeccompAction::Errno(libc::EPERM as u32), SeccompAction::Allow)
}

/// The argument with this number has this value.
fn equal(argument: u8, value: i64) -> Result<SeccompRule, BackendError> {
    let value = value.cast_unsigned();
    SeccompRule::new(vec![SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value)?])
}

fn program(
    rules: BTreeMap<i64, Vec<SeccompRule>>,
    others: SeccompAction,
    these: SeccompAction,
) -> Result<BpfProgram, BackendError> {
    SeccompFilter::new(rules, others, these, std::env::consts::ARCH.try_into()?)?.try_into()
}
