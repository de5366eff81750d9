import Glibc
import PromQL
import PromQLReference
import Synchronization
import TextFiles

// promql-fuzz parser|engine [--seed N] [--count N] [--corpus FILE...] [--query EXPRESSION]
//
// Runs the cases from `seed` on. A case is determined by its number, so that a run is resumed by giving the number at
// which another ended, and a finding is repeated by its own. Ends with 1 at the first difference; a crash or a case
// of more than ten seconds leaves the number of the case as the last line. `--query` asks the data of one case of the
// engine something else, to look into a finding.

/// The case that runs, for whoever looks at what was left behind.
let current = Atomic<UInt64>(0)

func monotonicSeconds() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

func say(_ line: String) {
    print(line)
    fflush(nil)
}

func fail(_ line: String) -> Never {
    say(line)
    exit(1)
}

/// Says which case it was when the process crashes or a case takes too long.
func watch() {
    for number in [SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGALRM] {
        signal(number) { number in
            put(number == SIGALRM ? "hang in case " : "crash in case ")
            var rest = current.load(ordering: .relaxed)
            var place: UInt64 = 1
            while rest / place >= 10 { place *= 10 }
            while place > 0 {
                let digits: [StaticString] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
                put(digits[Int(rest / place)])
                rest %= place
                place /= 10
            }
            put("\n")
            _exit(1)
        }
    }
}

/// Writes without buffers, which may be in use.
func put(_ text: StaticString) { _ = unsafe write(1, text.utf8Start, text.utf8CodeUnitCount) }

struct Options {
    var kind = ""
    var seed: UInt64 = 0
    var count: UInt64 = 100_000
    var corpus: [String] = []
    var query: String?

    init(_ arguments: [String]) {
        var key = ""
        for argument in arguments {
            if argument.hasPrefix("--") {
                key = argument
            } else if key == "--seed", let number = UInt64(argument) {
                seed = number
            } else if key == "--count", let number = UInt64(argument) {
                count = number
            } else if key == "--query" {
                query = argument
                count = 1
            } else if key == "--corpus" {
                guard let script = try? TextFile.read(argument) else { fail("cannot read \(argument)") }
                corpus += ParserFuzz.queries(ofScript: script)
            } else if kind.isEmpty, ["parser", "engine"].contains(argument) {
                kind = argument
            } else {
                fail(
                    "usage: promql-fuzz parser|engine [--seed N] [--count N] [--corpus FILE...], found \(argument)"
                )
            }
        }
        if kind.isEmpty { fail("usage: promql-fuzz parser|engine [--seed N] [--count N] [--corpus FILE...]") }
    }
}

func run(_ options: Options) async {
    let end = options.seed + options.count
    let start = monotonicSeconds()
    let parserFuzz = ParserFuzz(corpus: options.corpus)
    var engineFuzz = EngineFuzz()
    var tally: [String: Int] = [:]
    say("\(options.kind): cases \(options.seed)..<\(end), \(options.corpus.count) queries to change")
    for number in options.seed..<end {
        current.store(number, ordering: .relaxed)
        if number & 0x3f == 0 { alarm(10) }
        if options.kind == "parser" {
            let (isQuery, problem) = ParserFuzz.check(parserFuzz.text(number))
            if let problem { fail("difference in case \(number): \(problem)") }
            tally[isQuery ? "queries" : "refused", default: 0] += 1
        } else {
            switch await engineFuzz.run(number, query: options.query) {
            case .agreed: tally["agreed", default: 0] += 1
            case .refused: tally["refused by both", default: 0] += 1
            case .skipped: tally["skipped", default: 0] += 1
            case .different(let difference): fail("difference in case \(number): \(difference)")
            }
        }
        if (number + 1 - options.seed) % max(1, options.count / 10) == 0 {
            let seconds = monotonicSeconds() - start
            let counts = tally.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
            let speed = Int(Double(number + 1 - options.seed) / seconds)
            say("up to \(number + 1): \(counts.joined(separator: ", ")); \(speed) a second")
        }
    }
    say("no difference; go on with --seed \(end)")
}

watch()
await run(Options(Array(CommandLine.arguments.dropFirst())))
