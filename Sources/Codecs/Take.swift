/// The array, leaving an empty one: so that its buffer stays unique while it is written elsewhere.
@inlinable @inline(__always)
package func take<Element>(_ array: inout [Element]) -> [Element] {
    let taken = array
    array = []
    return taken
}
