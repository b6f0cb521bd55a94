import Glibc
import LinuxKernel

extension ManagedContainer {
    /// Opens the streams for a client; also before the start, so that it misses nothing.
    func attach(_ options: AttachOptions, _ reply: Reply) {
        switch stage {
        case .cleaning where hasRun: return refuse(reply, "attach to")
        // Who takes everything is about to start it again; anybody else would wait for nothing.
        case .idle where hasRun && !options.lossless: return refuse(reply, "attach to")
        default: break
        }
        var options = options
        if supervision.input == .none && !supervision.terminal { options.stdin = false }
        do throws(KernelError) {
            let (ours, theirs) = try UnixSocket.streamPair().ends()
            let clientEnd = FileDescriptor(owning: theirs)
            let client = try AttachedClient(
                FileDescriptor(owning: ours), options, loop: shim.loop, scratch: shim.scratch)
            add(client)
            reply.send(.attached, descriptor: clientEnd)
        } catch {
            reply.fail(.refused, "attach to container \(id): \(error)")
        }
    }

    private func add(_ client: AttachedClient) {
        clients.append(client)
        output?.add(client)
        client.onGone = { [unowned self, unowned client] in
            output?.remove(client)
            clients.removeAll { $0 === client }
        }
        client.onInput = { [unowned self] in give($0) }
        client.onInputEnded = { [unowned self] in inputEnded() }
        client.takesInput = isInputOver || input.map { !$0.isFull } ?? false
    }

    private func give(_ data: UnsafeRawBufferPointer) -> Int {
        guard let input else { return isInputOver ? data.count : 0 }
        let taken = input.offer(data)
        if taken < data.count { setTakesInput(false) }
        return taken
    }

    /// Lets the clients' input flow, or holds it where it is.
    func setTakesInput(_ on: Bool) {
        for client in clients { client.takesInput = on }
    }

    private func inputEnded() {
        guard supervision.input == .once, !supervision.terminal, !isInputOver else { return }
        isInputOver = true
        input = nil
        setTakesInput(true)
    }
}
