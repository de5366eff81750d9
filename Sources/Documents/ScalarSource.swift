/// Finds where a place inside a scalar's text stands in the file, so that an error in a query or a template can point
/// at the very character. Exact for plain, quoted and literal block scalars; in folded blocks to the line.
package struct ScalarSource: Sendable {
    private let lines: [[Unicode.Scalar]]

    /// The text that the nodes were read from.
    package init(_ text: String) {
        var lines: [[Unicode.Scalar]] = [[]]
        for scalar in text.unicodeScalars {
            if scalar == "\n" { lines.append([]) } else { lines[lines.count - 1].append(scalar) }
        }
        self.lines = lines
    }

    /// The place in the file of a 1-based line and column of a scalar's text; the node's own where it is not a scalar.
    package func position(in node: Node, line: Int, column: Int) -> Position {
        guard node.text != nil, lines.indices.contains(node.position.line - 1) else { return node.position }
        let start = contentStart(node.position)
        switch scalar(at: start) {
        case "|", ">": return blockPosition(start, line: line, column: column)
        case "\"", "'": return flowPosition(start, quote: scalar(at: start), line: line, column: column)
        default: return flowPosition(start, quote: nil, line: line, column: column)
        }
    }

    private func scalar(at position: Position) -> Unicode.Scalar? {
        guard lines.indices.contains(position.line - 1) else { return nil }
        let line = lines[position.line - 1]
        return line.indices.contains(position.column - 1) ? line[position.column - 1] : nil
    }

    /// Behind anchors (`&name`) and tags (`!tag`).
    private func contentStart(_ position: Position) -> Position {
        var position = position
        while let first = scalar(at: position), first == "&" || first == "!" {
            while let next = scalar(at: position), next != " " { position.column += 1 }
            while scalar(at: position) == " " { position.column += 1 }
        }
        return position
    }

    /// Line n of a block stands n lines below its header, indented as its first line that is not empty.
    private func blockPosition(_ header: Position, line: Int, column: Int) -> Position {
        let body = lines[header.line...]
        let first = body.first { $0.contains { $0 != " " } } ?? []
        let indentation = first.prefix { $0 == " " }.count
        return Position(line: header.line + max(1, line), column: indentation + max(1, column))
    }

    /// Walks a quoted or plain scalar, folding line breaks and skipping escapes as YAML does.
    private func flowPosition(
        _ start: Position, quote: Unicode.Scalar?, line: Int, column: Int
    ) -> Position {
        var place = start
        if quote != nil { place.column += 1 }
        var (currentLine, currentColumn) = (1, 1)
        while (currentLine, currentColumn) < (line, column) {
            guard let character = scalar(at: place) else {
                // A line break folds into one space; more of them into line breaks.
                var breaks = 0
                while scalar(at: place) == nil, place.line < lines.count {
                    breaks += 1
                    place = Position(line: place.line + 1, column: 1)
                    while scalar(at: place) == " " { place.column += 1 }
                }
                guard breaks > 0 else { return place }
                if breaks == 1 {
                    currentColumn += 1
                } else {
                    (currentLine, currentColumn) = (currentLine + breaks - 1, 1)
                }
                continue
            }
            let next = scalar(at: Position(line: place.line, column: place.column + 1))
            if quote == "\"", character == "\\", let next {
                place.column += 1 + escapeLength(next)
                if next == "n" {
                    (currentLine, currentColumn) = (currentLine + 1, 1)
                } else {
                    currentColumn += 1
                }
            } else if quote == "'", character == "'" {
                guard next == "'" else { return place }
                place.column += 2
                currentColumn += 1
            } else if let quote, character == quote {
                return place
            } else {
                place.column += 1
                currentColumn += 1
            }
        }
        return place
    }

    /// The letters of an escape behind its backslash.
    private func escapeLength(_ letter: Unicode.Scalar) -> Int {
        switch letter {
        case "x": 3
        case "u": 5
        case "U": 9
        default: 1
        }
    }
}
