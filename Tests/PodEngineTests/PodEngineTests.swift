import Testing

@testable import PodEngine
