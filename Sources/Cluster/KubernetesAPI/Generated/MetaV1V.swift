// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// meta/v1

package typealias Verbs = [String]
