/// How long clients wait for a shim, and a shim for its clones, in milliseconds.
///
/// A shim that stands still (SIGSTOP, a freezer, a machine without memory) says nothing, and does what lies in its socket
/// when it goes on. Whoever waits for it gives up in time for his own caller.
///
/// The times have to fit each other: a kubelet waits two minutes for most calls, and so do a shim's clients; what a shim
/// lets its clones do takes less where somebody waits for it, so that the answer says what took too long.
public enum ShimPatience {
    // MARK: Clients

    /// An answer that needs no work of the kernel.
    public static let answer = 10_000
    /// What a clone of the shim does before the answer, and the start of a pod's shim.
    public static let work = 120_000
    /// A spare shim takes its order. Nothing was given into its hands before, so that another one can have the pod.
    static let order = 2000
    /// An answer that takes as long as a program runs.
    public static let forever = -1

    // MARK: Engines

    /// To connect, with the greeting. Calls that end a pod connect first where nobody could before, and have to answer in
    /// time that it cannot be ended now.
    package static let connection = 5000
    /// The end of a container that was killed, and a shim's answer that its pod has ended (`timeouts.stop_margin`).
    package static let end = 10_000
    /// The end of a shim after that answer.
    package static let lastMoment: Int32 = 1000
    /// The end of a process whose time is over, before that is told.
    package static let endOfExec = 1000
    /// At a start: until the next pod is recovered. All begin at once, and a machine that is busy gets ahead.
    package static let recovery = 2000
    /// After a start: until a shim that did not answer is asked again.
    package static let nextLook = 2000

    // MARK: Shims

    /// Hooks of the configuration have deadlines of their own; this one ends what they miss.
    static let start = 110_000
    /// Longer than any honest start of a program.
    static let exec = 60_000
    /// What the runtime does quickly or not at all.
    static let command = 30_000
    /// A container with gigabytes of memory has them written.
    static let checkpoint = 600_000
    /// Removing a large container takes its time, and nobody else waits for it.
    static let cleaning = 600_000
    /// What the kernel does in milliseconds, and an init's start.
    static let startOfPod = 60_000
    /// Containers may be left that take their time to end.
    static let endOfPod = 600_000
}
