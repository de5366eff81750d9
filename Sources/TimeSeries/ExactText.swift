/// A text that equals another where their bytes are the same, as names and values of labels do. `String` also takes for one what
/// only looks alike, such as an e with an accent that is one scalar and one that is two.
package struct ExactText: Hashable, Sendable {
    package let text: String

    package init(_ text: String) { self.text = text }

    package static func == (a: ExactText, b: ExactText) -> Bool { Labels.order(a.text, b.text) == 0 }

    /// That of the text: what looks alike meets, and is told apart then.
    package func hash(into hasher: inout Hasher) { hasher.combine(text) }

    /// The texts, each once.
    package static func distinct(_ texts: some Sequence<String>) -> some Collection<String> {
        Set(texts.lazy.map(ExactText.init)).lazy.map(\.text)
    }
}
