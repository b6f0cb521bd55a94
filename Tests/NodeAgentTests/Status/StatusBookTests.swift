import KubernetesAPI
import NodeAgent
import Synchronization
import Testing

@Suite struct StatusBookTests {
    private let book = StatusBook()

    @Test func `who listens hears what changes and what goes`() {
        let heard = Mutex<[StatusBook.Change]>([])
        let number = book.listen { change in heard.withLock { $0.append(change) } }
        var pod = TestPod().pod
        book.publish(pod)
        #expect(!book.publish(pod))
        pod.status.phase = .running
        book.publish(pod)
        book.remove("uid")
        book.remove("uid")
        let begun = TestPod().pod
        #expect(heard.withLock { $0 } == [.told(begun), .told(pod), .gone(pod)])
        book.stopListening(number)
        book.publish(pod)
        #expect(heard.withLock { $0.count } == 3)
    }
}
