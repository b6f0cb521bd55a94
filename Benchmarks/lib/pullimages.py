"""Images for the pull benchmark, made of Debian packages: 8 layers of about 500 MB, one large layer, and one that
shares all but its top layer with the first."""

import gzip
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile

# Packages of each layer: unpacked, not installed, since nobody runs them here.
LAYERS = [
    ["libc6", "libc-bin", "coreutils", "bash", "dpkg", "apt", "perl-base", "tar", "libapt-pkg6.0", "debconf",
     "util-linux", "libstdc++6", "base-files", "mawk", "locales"],
    ["libpython3.11-stdlib", "libpython3.11-minimal", "python3.11-minimal"],
    ["perl-modules-5.36", "libperl5.36", "git", "git-man"],
    ["gcc-12", "cpp-12", "libgcc-12-dev"],
    ["g++-12", "libstdc++-12-dev", "libc6-dev", "linux-libc-dev"],
    ["binutils-x86-64-linux-gnu", "gdb", "vim-runtime"],
    ["libicu72", "iso-codes", "tzdata"],
    ["libllvm14"],
]


def make(folder):
    """Makes the layouts `layers`, `single` and `update` below a folder, unless they are there."""
    if os.path.exists(os.path.join(folder, "made")):
        return
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(os.path.join(folder, "packages"))
    names = sorted({name for layer in LAYERS for name in layer})
    subprocess.run(["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", *names], check=True,
                   cwd=os.path.join(folder, "packages"))
    with tempfile.TemporaryDirectory(dir=folder) as work:
        layers = [layer(folder, work, f"layer{i}", packages) for i, packages in enumerate(LAYERS)]
        single = layer(folder, work, "single", names)
        change = small(work)
        layout(os.path.join(folder, "layers"), layers)
        layout(os.path.join(folder, "single"), [single])
        layout(os.path.join(folder, "update"), layers[:-1] + [change])
    shutil.rmtree(os.path.join(folder, "packages"))
    open(os.path.join(folder, "made"), "w").close()


def layer(folder, work, name, packages):
    root = os.path.join(work, name)
    os.mkdir(root)
    files = os.listdir(os.path.join(folder, "packages"))
    for package in packages:
        file = next(f for f in files if f.startswith(package + "_"))
        subprocess.run(["dpkg-deb", "-x", os.path.join(folder, "packages", file), root], check=True)
    path = root + ".tar"
    subprocess.run(["tar", "--sort=name", "--owner=0", "--group=0", "--numeric-owner", "-C", root, "-cf", path, "."],
                   check=True)
    shutil.rmtree(root)
    return pack(path)


def small(work):
    path = os.path.join(work, "change.tar")
    with tarfile.open(path, "w") as archive:
        file = os.path.join(work, "motd")
        with open(file, "w") as stream:
            stream.write("another one\n" * 50_000)
        archive.add(file, "etc/motd")
    return pack(path)


def pack(path):
    """Compresses as registries' images mostly are."""
    plain, size = hash_of(path)
    with open(path, "rb") as source, open(path + ".gz", "wb") as target:
        with gzip.GzipFile("", "wb", 6, target, 0) as packed:
            shutil.copyfileobj(source, packed, 1 << 20)
    os.remove(path)
    digest, packed_size = hash_of(path + ".gz")
    return {"path": path + ".gz", "diff": plain, "bytes": size, "digest": digest, "size": packed_size}


def hash_of(path):
    hasher, size = hashlib.sha256(), 0
    with open(path, "rb") as stream:
        while piece := stream.read(1 << 20):
            hasher.update(piece)
            size += len(piece)
    return "sha256:" + hasher.hexdigest(), size


def layout(folder, layers):
    blobs = os.path.join(folder, "blobs", "sha256")
    os.makedirs(blobs)
    for one in layers:
        path = os.path.join(blobs, one["digest"].split(":")[1])
        if not os.path.exists(path):
            shutil.copyfile(one["path"], path)

    def add(document, kind):
        data = json.dumps(document, separators=(",", ":")).encode()
        digest = hashlib.sha256(data).hexdigest()
        with open(os.path.join(blobs, digest), "wb") as stream:
            stream.write(data)
        return {"mediaType": kind, "digest": "sha256:" + digest, "size": len(data)}

    prefix = "application/vnd.oci.image."
    config = add({"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/bin/bash"]},
                  "rootfs": {"type": "layers", "diff_ids": [one["diff"] for one in layers]}},
                 prefix + "config.v1+json")
    manifest = add({"schemaVersion": 2, "mediaType": prefix + "manifest.v1+json", "config": config,
                    "layers": [{"mediaType": prefix + "layer.v1.tar+gzip", "digest": one["digest"],
                                "size": one["size"]} for one in layers]}, prefix + "manifest.v1+json")
    with open(os.path.join(folder, "index.json"), "w") as stream:
        json.dump({"schemaVersion": 2, "manifests": [manifest]}, stream)
    with open(os.path.join(folder, "oci-layout"), "w") as stream:
        stream.write('{"imageLayoutVersion":"1.0.0"}')
    with open(os.path.join(folder, "size"), "w") as stream:
        stream.write(f"{sum(one['bytes'] for one in layers)} {sum(one['size'] for one in layers)}")
