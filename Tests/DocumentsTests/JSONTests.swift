import Documents
import Testing

struct JSONTests {
    @Test func `the writer separates, nests and escapes`() {
        var json = JSONWriter()
        json.object { json in
            json.field("a", "x\"\\\n\u{1}ü")
            json.key("b")
            json.array { json in
                json.number(1)
                json.number(0.1)
                json.number(.nan)
                json.object { _ in }
            }
            json.field("c", true)
        }

        #expect(
            String(decoding: json.bytes, as: UTF8.self)
                == #"{"a":"x\"\\\n\u0001ü","b":[1,0.1,null,{}],"c":true}"#)
    }

    @Test func `numbers are written digit by digit`() {
        var json = JSONWriter()
        json.array { json in
            for value: Int64 in [0, -1, 10, 1_435_781_430, .max, .min] { json.integer(value) }
            for value: Int64 in [0, 5, -5, 1_435_781_430_781, 1_000, -1_050] { json.thousandths(value) }
            json.integer(UInt64.max)
            json.element(room: 6) { bytes in
                bytes.append(UInt8(ascii: "\""))
                JSONWriter.append(Int64(-120), to: &bytes)
                bytes.append(UInt8(ascii: "\""))
            }
        }

        #expect(
            String(decoding: json.bytes, as: UTF8.self)
                == "[0,-1,10,1435781430,9223372036854775807,-9223372036854775808,"
                + #"0,0.005,-0.005,1435781430.781,1,-1.050,18446744073709551615,"-120"]"#)
    }

    @Test(arguments: [
        "", "plain", "a\"b\\c", "tab\t", "\u{e9}\u{1F600}", "\u{1}", "a\nb",
        "twelve bytes", "twelve by\tes", "seven 7\"and more", "0123456\u{7f}\u{80}9",
    ])
    func `text given as bytes is written as the same text given as a string`(text: String) {
        var bytes = JSONWriter()
        var string = JSONWriter()

        let padded = Array("<\(text)>".utf8)
        bytes.string(padded.span, 1..<padded.count - 1)
        string.string(text)

        #expect(bytes.bytes == string.bytes)
    }

    @Test func `records encode to the same bytes and read back`() throws {
        struct Record: Codable, Equatable { var b: [String: Double], a: Double }
        let record = Record(b: ["z": 1, "y": .infinity], a: 0.1)

        let bytes = CanonicalJSON.encode(record)

        #expect(String(decoding: bytes, as: UTF8.self) == #"{"a":0.1,"b":{"y":"+Inf","z":1}}"#)
        #expect(try CanonicalJSON.decode(Record.self, from: bytes) == record)
    }
}
