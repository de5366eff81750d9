import Testing

/// Tests that run the built program with real processes, one after the other: they measure no time and still want the
/// machine for themselves.
@Suite(.serialized, .timeLimit(.minutes(12))) enum EndToEnd {}
