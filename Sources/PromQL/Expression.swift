/// placeholder replaced by the PromQL module's AST
package struct Expression: Sendable {}
