"""What the kernel refuses a tool which nothing else encloses: a seccomp filter.

No socket, so nobody is reached. No session and no process group of its own, so that whoever ends
the group ends all of it. No look into another process. Refused calls fail (EPERM); a program for
another machine than ours finds every call refused. Where the kernel knows no filter, or we do not
know the numbers of the machine, nothing is refused: the other limits hold.
"""

import ctypes
import platform
import struct

PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | 1  # SECCOMP_RET_ALLOW; SECCOMP_RET_ERRNO, EPERM
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06  # of classic BPF
NUMBER_AT, MACHINE_AT = 0, 4  # offsets in `struct seccomp_data`
ANOTHER_ABI = 0x40000000  # x32: the same calls under other numbers

# machine -> AUDIT_ARCH_*, and: socket socketpair connect setpgid setsid ptrace process_vm_readv
# process_vm_writev io_uring_setup (which opens sockets by itself)
MACHINES = {
    "x86_64": (0xC000003E, (41, 53, 42, 109, 112, 101, 310, 311, 425)),
    "aarch64": (0xC00000B7, (198, 199, 203, 154, 157, 117, 270, 271, 425)),
}


class Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def refuse(libc: ctypes.CDLL) -> bool:
    """From now on, and in all that this process becomes. Whether the kernel does it."""
    if platform.machine() not in MACHINES:
        return False
    steps = program(*MACHINES[platform.machine()])
    given = Program(len(steps) // 8, steps)
    return not libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(given), 0, 0)


def program(machine: int, refused: tuple[int, ...]) -> bytes:
    """The filter: each step is a code, how far to jump when true or false, and a value."""
    last = len(refused)  # the steps between a refused call and the refusal
    steps = [
        (LOAD, 0, 0, MACHINE_AT),
        (EQUAL, 0, last + 3, machine),
        (LOAD, 0, 0, NUMBER_AT),
        (AT_LEAST, last + 1, 0, ANOTHER_ABI),
        *((EQUAL, last - place, 0, number) for place, number in enumerate(refused)),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, REFUSE),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in steps)
