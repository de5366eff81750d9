/// Least squares with a penalty on the size of the standardised coefficients, solved by Cholesky's
/// decomposition.
struct RidgeRegression: Sendable {
    private(set) var intercept = 0.0
    private(set) var coefficients: [Double]

    /// - Parameters:
    ///   - rows: row after row, `width` numbers each.
    ///   - penalty: as if so many rows of each feature, at unit deviation, had shown no effect.
    init(rows: [Double], width: Int, targets: [Double], penalty: Double) {
        self.init(Moments(rows: rows, width: width, targets: targets), penalty: penalty)
    }

    /// Least squares, and once more with less weight for rows whose error was more than four times the
    /// typical one.
    static func robust(rows: [Double], width: Int, targets: [Double], penalty: Double) -> RidgeRegression {
        var moments = Moments(rows: rows, width: width, targets: targets)
        let first = RidgeRegression(moments, penalty: penalty)
        guard width > 0, !targets.isEmpty else { return first }
        let errors = targets.indices.map { row in
            var sum = first.intercept
            for column in 0..<width { sum += first.coefficients[column] * rows[row * width + column] }
            return abs(targets[row] - sum)
        }
        let typical = Quantile.median(errors)
        guard typical > 0, typical.isFinite else { return first }
        for row in errors.indices where errors[row] > 4 * typical {
            moments.add(row, weight: 4 * typical / errors[row] - 1)
        }
        return RidgeRegression(moments, penalty: penalty)
    }

    private init(_ moments: Moments, penalty: Double) {
        coefficients = [Double](repeating: 0, count: moments.width)
        intercept = moments.targetMean
        guard moments.total > 0, moments.width > 0 else { return }
        solve(
            moments.covariances, moments.effects, width: moments.width, total: moments.total,
            penalty: penalty)
        for column in coefficients.indices { intercept -= coefficients[column] * moments.mean(column) }
    }

    /// A feature that does not vary gets no coefficient.
    private mutating func solve(
        _ gram: [Double], _ right: [Double], width: Int, total: Double, penalty: Double
    ) {
        let deviations = (0..<width).map { (gram[$0 * width + $0] / total).squareRoot() }
        let usable = (0..<width).filter { deviations[$0] > 1e-12 }
        guard !usable.isEmpty else { return }
        let size = usable.count
        var lower = [Double](repeating: 0, count: size * size)
        var solution = usable.map { right[$0] / deviations[$0] }
        for row in 0..<size {
            for column in 0...row {
                let a = usable[row]
                let b = usable[column]
                var sum = gram[a * width + b] / (deviations[a] * deviations[b])
                if row == column { sum += penalty }
                for inner in 0..<column { sum -= lower[row * size + inner] * lower[column * size + inner] }
                if row == column {
                    lower[row * size + row] = max(sum, 1e-9 * total).squareRoot()
                } else {
                    lower[row * size + column] = sum / lower[column * size + column]
                }
            }
        }
        for row in 0..<size {
            for inner in 0..<row { solution[row] -= lower[row * size + inner] * solution[inner] }
            solution[row] /= lower[row * size + row]
        }
        for row in (0..<size).reversed() {
            for inner in (row + 1)..<max(row + 1, size) {
                solution[row] -= lower[inner * size + row] * solution[inner]
            }
            solution[row] /= lower[row * size + row]
        }
        for (index, column) in usable.enumerated() {
            coefficients[column] = solution[index] / deviations[column]
        }
    }
}
