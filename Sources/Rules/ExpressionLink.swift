/// Links to the page that shows an expression, in the form of Prometheus.
package enum ExpressionLink {
    /// `/graph?g0.expr=...&g0.tab=1`; table or graph.
    package static func path(_ expression: String, isTable: Bool = true) -> String {
        "/graph?g0.expr=" + queryEscape(expression) + "&g0.tab=" + (isTable ? "1" : "0")
    }

    /// As Go's `url.QueryEscape`: a space becomes a plus sign.
    static func queryEscape(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var result: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "."),
                UInt8(ascii: "~"):
                result.append(byte)
            case UInt8(ascii: " "): result.append(UInt8(ascii: "+"))
            default: result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
