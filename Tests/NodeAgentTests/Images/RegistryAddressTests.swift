import NodeAgent
import Testing

@Suite struct RegistryAddressTests {
    @Test(arguments: [
        ("nginx", "docker.io"), ("nginx", "https://index.docker.io/v1/"), ("a.io/x/y", "a.io"),
        ("a.io/x/y", "a.io/x"),
        ("1.dkr.ecr.eu.amazonaws.com/x", "*.dkr.ecr.*.amazonaws.com"),
        ("eu-docker.pkg.dev/p/x", "*-docker.pkg.dev"),
        ("k8s-one.io/x", "k8s*.io"), ("a.io:5000/x", "a.io:5000"), ("a1.io/x", "a?.io"),
    ])
    func fits(image: String, pattern: String) {
        #expect(RegistryAddress(image: image).matches(pattern))
    }

    @Test(arguments: [
        ("nginx", "a.io"), ("a.io/xy", "a.io/x"), ("b.a.io/x", "a.io"), ("b.c.a.io/x", "*.a.io"),
        ("a.io:5000/x", "a.io"),
        ("a.io/x", "a?.io"), ("a.io/x", "a.io/x/y"),
    ])
    func doesNotFit(image: String, pattern: String) {
        #expect(!RegistryAddress(image: image).matches(pattern))
    }
}
