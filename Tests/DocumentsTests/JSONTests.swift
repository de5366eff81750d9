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

    @Test func `records encode to the same bytes and read back`() throws {
        struct Record: Codable, Equatable { var b: [String: Double], a: Double }
        let record = Record(b: ["z": 1, "y": .infinity], a: 0.1)

        let bytes = CanonicalJSON.encode(record)

        #expect(String(decoding: bytes, as: UTF8.self) == #"{"a":0.1,"b":{"y":"+Inf","z":1}}"#)
        #expect(try CanonicalJSON.decode(Record.self, from: bytes) == record)
    }
}
