/// A line of comma-separated values, and the times in it.
package enum CSVLine {
    /// The fields of a line (RFC 4180, without line breaks in quotes), blanks around them left out.
    package static func fields(_ line: Substring) -> [String] {
        guard line.utf8.contains(UInt8(ascii: "\"")) else {
            return line.split(separator: ",", omittingEmptySubsequences: false).map {
                String(String($0).trimmingBlanks)
            }
        }
        var fields: [String] = []
        var field = ""
        var isQuoted = false
        var wasQuoted = false
        func finish() {
            fields.append(wasQuoted ? field : String(field.trimmingBlanks))
            field = ""
            wasQuoted = false
        }
        for character in line {
            if isQuoted {
                if character == "\"" { isQuoted = false } else { field.append(character) }
            } else if character == "\"", wasQuoted {
                // Two of them stand for one.
                field.append(character)
                isQuoted = true
            } else if character == "\"", field.allSatisfy(\.isWhitespace) {
                field = ""
                isQuoted = true
                wasQuoted = true
            } else if character == "," {
                finish()
            } else if !wasQuoted || !character.isWhitespace {
                field.append(character)
            }
        }
        finish()
        return fields
    }

    private static let gaps: Set = ["na", "n/a", "nan", "null", "none"]

    /// Whether a field says that there is no value.
    package static func isGap(_ field: String) -> Bool {
        guard field.utf8.count <= 4, let first = field.utf8.first else { return field.isEmpty }
        return first > UInt8(ascii: "9") && gaps.contains(field.lowercased())
    }

    /// How many of the units of a column of times are a second: nobody means a second beyond the year 5000, but many mean
    /// milliseconds, microseconds or nanoseconds.
    /// - Parameter first: the first of the column.
    package static func unitsPerSecond(_ first: String) -> Double {
        guard let size = Double(first)?.magnitude, size >= 1e11 else { return 1 }
        return size < 1e14 ? 1e3 : size < 1e17 ? 1e6 : 1e9
    }

    /// A number of such units, or a date; nil for what is no time.
    package static func seconds(_ field: String, unitsPerSecond: Double = 1) -> Double? {
        guard let number = Double(field) else { return DateText.seconds(field) }
        return number.isFinite ? number / unitsPerSecond : nil
    }
}

extension String {
    fileprivate var trimmingBlanks: Substring {
        let start = drop(while: \.isWhitespace)
        return start[..<(start.lastIndex { !$0.isWhitespace }.map(start.index(after:)) ?? start.startIndex)]
    }
}
