/// A template of an annotation or a label: Go's text/template with Prometheus' functions.
///
/// Parsed once when the rule is loaded; expansion is pure and bounded in steps and size. It has no function that reads
/// files or the environment. `query` is answered by the caller: an expansion that lacks an answer says which.
package struct Template: Hashable, Sendable {
    package let text: String
    private let trees: TemplateParser.Trees?

    /// Longer results are cut here, with an ellipsis.
    package static let maxBytes = 4096

    /// - Throws: the first syntax error, unknown variable or unknown function.
    package init(_ text: String) throws(TemplateError) {
        self.text = text
        guard text.contains("{{") else {
            trees = nil
            return
        }
        trees = try TemplateParser.parse(
            text, variables: TemplateContext.variableNames, functions: TemplateFunctions.names)
    }

    /// A text in which nothing is expanded.
    package init(verbatim text: String) {
        self.text = text
        trees = nil
    }

    /// Why there is no text.
    package enum Failure: Error, Hashable, Sendable {
        case failed(TemplateError)
        /// Answer this query in `TemplateContext.answers` and expand again.
        case needsAnswer(query: String)
    }

    package func expand(_ context: TemplateContext) throws(Failure) -> String {
        guard let trees else { return text }
        var evaluator = TemplateEvaluator(context: context, named: trees.named)
        try evaluator.run(trees.root)
        return evaluator.output
    }
}
