import Glibc

/// Signals to processes and to the sessions that we lead them in. Never to 0, 1 or below.
enum Signals {
    static func terminate(session pid: Int32) { send(SIGTERM, toGroup: pid) }

    static func kill(session pid: Int32) { send(SIGKILL, toGroup: pid) }

    static func kill(_ pid: Int32) {
        guard pid > 1 else { return }
        _ = Glibc.kill(pid, SIGKILL)
    }

    private static func send(_ signal: Int32, toGroup pid: Int32) {
        guard pid > 1 else { return }
        _ = Glibc.kill(-pid, signal)
    }

    /// What a wait status says, for a person.
    static func describe(status: Int32) -> String {
        let signal = status & 0x7f
        if signal == 0 { return "exited with status \((status >> 8) & 0xff)" }
        let names = [
            SIGABRT: "SIGABRT", SIGSEGV: "SIGSEGV", SIGKILL: "SIGKILL", SIGTERM: "SIGTERM", SIGINT: "SIGINT",
            SIGILL: "SIGILL", SIGBUS: "SIGBUS", SIGFPE: "SIGFPE", SIGPIPE: "SIGPIPE", SIGTRAP: "SIGTRAP",
        ]
        return "killed by \(names[signal] ?? "signal \(signal)")"
    }
}
