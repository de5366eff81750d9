import Fleet
import Testing
import TimeSeries

@testable import Scaling

struct DecideTests {
    @Test
    func `a total divided by its target, rounded up, is the count`() {
        var scene = Scene(target: .perReplica(50), current: 3)

        #expect(scene.decide(420).desired == 9)
    }

    @Test
    func `a hair above a whole number is that number`() {
        var scene = Scene(target: .perReplica(0.1), current: 30)

        #expect(scene.decide(0.1 + 0.2).desired == 3)
    }
}
