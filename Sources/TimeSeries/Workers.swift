import Synchronization

/// Does independent pieces of work at once, on threads that the owner supplies: nothing that is pure starts one.
/// Results come in the order of the pieces, so that they are the same on any number of threads as long as a piece
/// does not depend on another.
package struct Workers: Sendable {
    /// How many pieces are worked on at once.
    package let count: Int
    /// Whether work is shared that is not worth it, for tests.
    private let isEager: Bool
    private let perform: @Sendable (_ pieces: Int, _ body: @Sendable (Int) -> Void) -> Void

    /// - Parameters:
    ///   - isEager: shares work that is not worth it as well, for tests.
    ///   - perform: calls `body` once for each number below `pieces`, on any threads, and returns when all
    ///     calls have.
    package init(
        count: Int, isEager: Bool = false,
        perform: @escaping @Sendable (_ pieces: Int, _ body: @Sendable (Int) -> Void) -> Void
    ) {
        self.count = max(1, count)
        self.isEager = isEager
        self.perform = perform
    }

    /// One piece after the other, on the thread that asks.
    package static let one = Workers(count: 1) { pieces, body in for piece in 0..<pieces { body(piece) } }

    /// Splits `count` items into consecutive pieces of at least `least` items: one for a single worker, else a few
    /// for each, so that none waits long for the slowest.
    package func pieces(of count: Int, atLeast least: Int) -> [Range<Int>] {
        let most = self.count == 1 ? 1 : 4 * self.count
        let number = max(1, min(most, count / (isEager ? 1 : max(1, least))))
        return (0..<number).map { count * $0 / number..<count * ($0 + 1) / number }
    }

    /// Splits items that take `work` together, in samples that could be decoded meanwhile, into pieces that are worth
    /// waking a thread for.
    package func pieces(of count: Int, work: Int) -> [Range<Int>] {
        pieces(of: count, atLeast: 1 + Workers.leastWork * count / max(1, work))
    }

    /// About a tenth of a millisecond.
    private static let leastWork = 32_768

    /// The results of all pieces, in their order.
    /// - Throws: the error of the first piece that failed.
    package func map<Result: Sendable, Failure: Error>(
        _ pieces: Int, _ body: @Sendable (Int) throws(Failure) -> Result
    ) throws(Failure) -> [Result] {
        var all: [Result] = []
        all.reserveCapacity(pieces)
        guard count > 1, pieces > 1 else {
            for piece in 0..<pieces { all.append(try body(piece)) }
            return all
        }
        let outcomes = Mutex([Swift.Result<Result, Failure>?](repeating: nil, count: pieces))
        perform(pieces) { piece in
            let outcome: Swift.Result<Result, Failure>
            do throws(Failure) { outcome = .success(try body(piece)) } catch { outcome = .failure(error) }
            outcomes.withLock { $0[piece] = outcome }
        }
        for case let outcome? in outcomes.withLock({ $0 }) { all.append(try outcome.get()) }
        return all
    }
}
