import Testing

@testable import CRIService
