/// An array in pages. A reader's copy of it costs the writer one page and not the whole at the next change, and
/// growing it never moves more than a page.
struct Paged<Element: Sendable>: Sendable {
    static var pageSize: Int { 512 }

    private var pages: [[Element]] = []
    private(set) var count = 0

    var indices: Range<Int> { 0..<count }

    subscript(index: Int) -> Element {
        @inline(__always) _read { yield pages[index >> 9][index & 511] }
        @inline(__always) _modify { yield &pages[index >> 9][index & 511] }
    }

    mutating func append(_ element: Element) {
        if count & 511 == 0 {
            pages.append([])
            // Small arrays stay small; a second page says that there will be more of them.
            if pages.count > 1 { pages[pages.count - 1].reserveCapacity(Self.pageSize) }
        }
        pages[pages.count - 1].append(element)
        count += 1
    }

    mutating func removeLast() {
        pages[pages.count - 1].removeLast()
        if pages[pages.count - 1].isEmpty { pages.removeLast() }
        count -= 1
    }
}
