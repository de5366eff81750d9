import RemoteStorage
import Synchronization
import Testing

struct TurnsTests {
    private final class Room: Sendable {
        let inside = Atomic(0)
        let most = Atomic(0)
        let visits = Atomic(0)

        func visit() {
            let now = inside.add(1, ordering: .relaxed).newValue
            most.max(now, ordering: .relaxed)
            for _ in 0..<1000 { visits.add(0, ordering: .relaxed) }
            visits.add(1, ordering: .relaxed)
            inside.subtract(1, ordering: .relaxed)
        }
    }

    @Test func `who comes while another is inside waits and gets a turn`() async {
        let turns = Turns()
        let room = Room()

        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask { for _ in 0..<200 { await turns.take { room.visit() } } }
            }
        }

        #expect(room.most.load(ordering: .relaxed) == 1)
        #expect(room.visits.load(ordering: .relaxed) == 1600)
    }
}
