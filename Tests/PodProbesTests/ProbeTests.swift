import Testing

/// One after the other: some count this process' descriptors.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ProbeTests {}
