/// Least squares with a penalty on the size of the standardised coefficients, solved by Cholesky's
/// decomposition.
struct RidgeRegression: Sendable {
    private(set) var intercept = 0.0
    private(set) var coefficients: [Double]

    /// - Parameters:
    ///   - rows: row after row, `width` numbers each.
    ///   - weights: one a row; none negative.
    ///   - penalty: as if so many rows of each feature, at unit deviation, had shown no effect.
    init(rows: [Double], width: Int, targets: [Double], weights: [Double], penalty: Double) {
        coefficients = [Double](repeating: 0, count: width)
        let total = weights.reduce(0, +)
        guard total > 0, width > 0 else { return }
        let lanes = (width + 3) / 4
        let packed = Self.packed(rows, width: width, lanes: lanes, count: targets.count)
        var means = [SIMD4<Double>](repeating: .zero, count: lanes)
        var targetMean = 0.0
        for row in targets.indices {
            let weight = weights[row] / total
            for lane in 0..<lanes { means[lane] += weight * packed[row * lanes + lane] }
            targetMean += weight * targets[row]
        }
        // Only the lanes up to the diagonal are summed: the lower triangle, and a little of the upper.
        var gram = [SIMD4<Double>](repeating: .zero, count: width * lanes)
        var right = [SIMD4<Double>](repeating: .zero, count: lanes)
        var centred = right
        for row in targets.indices where weights[row] > 0 {
            let weight = weights[row]
            let target = weight * (targets[row] - targetMean)
            for lane in 0..<lanes {
                centred[lane] = packed[row * lanes + lane] - means[lane]
                right[lane] += target * centred[lane]
            }
            for column in 0..<width {
                let scaled = weight * centred[column >> 2][column & 3]
                for lane in 0...(column >> 2) { gram[column * lanes + lane] += scaled * centred[lane] }
            }
        }
        var lower = [Double](repeating: 0, count: width * width)
        for column in 0..<width {
            for other in 0...column {
                lower[column * width + other] = gram[column * lanes + other >> 2][other & 3]
            }
        }
        solve(
            lower, (0..<width).map { right[$0 >> 2][$0 & 3] }, width: width, total: total, penalty: penalty)
        intercept = targetMean
        for column in 0..<width { intercept -= coefficients[column] * means[column >> 2][column & 3] }
    }

    /// Rows of whole vectors, filled up with zeros: four products at a time.
    private static func packed(_ rows: [Double], width: Int, lanes: Int, count: Int) -> [SIMD4<Double>] {
        var packed = [SIMD4<Double>](repeating: .zero, count: count * lanes)
        for row in 0..<count {
            for column in 0..<width {
                packed[row * lanes + column >> 2][column & 3] = rows[row * width + column]
            }
        }
        return packed
    }

    /// Least squares, and once more with less weight for rows whose error was more than four times the
    /// typical one.
    static func robust(rows: [Double], width: Int, targets: [Double], penalty: Double) -> RidgeRegression {
        var weights = [Double](repeating: 1, count: targets.count)
        let first = RidgeRegression(
            rows: rows, width: width, targets: targets, weights: weights, penalty: penalty)
        let errors = targets.indices.map { row in
            var sum = first.intercept
            for column in 0..<width { sum += first.coefficients[column] * rows[row * width + column] }
            return abs(targets[row] - sum)
        }
        let typical = Quantile.ofSorted(errors.sorted(), 0.5)
        guard typical > 0 else { return first }
        for row in weights.indices where errors[row] > 4 * typical {
            weights[row] = 4 * typical / errors[row]
        }
        return RidgeRegression(rows: rows, width: width, targets: targets, weights: weights, penalty: penalty)
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
