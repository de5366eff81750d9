/// An array in pages. A reader's copy of it costs the writer one page and not the whole at the next change, and
/// growing it never moves more than a page.
struct Paged<Element: Sendable>: Sendable {
    static var pageSize: Int { 512 }

    private var pages: [[Element]] = []
    private(set) var count = 0
    /// Elements of pages that stand for many.
    private var sharedCount = 0

    /// Elements that have memory of their own.
    var ownCount: Int { count - sharedCount }

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

    /// Adds a whole page behind whole pages: all that are given the same array have no memory of their own, as long as none of
    /// their elements is changed.
    mutating func append(shared page: [Element]) {
        precondition(count & 511 == 0 && page.count == Self.pageSize, "pages are whole")
        pages.append(page)
        count += Self.pageSize
        sharedCount += Self.pageSize
    }

    /// Puts such a page in the place of one that is whole and has memory of its own, if all in it meet a condition.
    mutating func share(_ page: [Element], asPage number: Int, where isBlank: (Element) -> Bool) {
        guard pages[number].allSatisfy(isBlank) else { return }
        pages[number] = page
        sharedCount += Self.pageSize
    }

    mutating func removeLast() {
        pages[pages.count - 1].removeLast()
        if pages[pages.count - 1].isEmpty { pages.removeLast() }
        count -= 1
    }
}
