# SPDX-License-Identifier: GPL-2.0-only
"""What makes hooks run: our own provokers, stress-ng and the kernel's selftests, each
as root, and as an ordinary user in user namespaces; both at the same time."""

import collections
import contextlib
import fnmatch
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
BASE = "/tmp/exercise"
GROUPS = f"{BASE}/cgroup"
USER = 1000
# A run of this many seconds has time for every provoker and stressor. Stressors run some at a time.
WHOLE = 1200
AT_ONCE = 6
AS_USER = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "unshare", "-Urf",
           *(f"--{name}" for name, file in (("mount", "mnt"), ("net", "net"), ("ipc", "ipc"), ("pid", "pid"))
             if os.path.exists(f"/proc/self/ns/{file}"))]

# The stressors of these classes make system calls; the others just compute.
CLASSES = ("filesystem", "interrupt", "io", "ipc", "network", "os", "pipe", "scheduler", "security", "signal", "vm")
MORE = ("eventfd", "hash", "sctp", "tun", "netdev", "icmp-flood", "udp-flood", "dccp", "uprobe", "quota", "binderfs",
        "memfd", "secretmem", "crypt", "getrandom", "rseq", "membarrier", "sockdiag", "cpu-online")
# These stop the machine, or all of a processor, for longer than the kernel's watchdogs allow.
NEVER = {"softlockup": "keeps a processor for itself until the watchdog complains", "smi": "needs the machine's own firmware",
         "watchdog": "stops the machine", "cpu-online": "takes half of the processors away", "reboot": "might",
         "sysrq": "stops the machine", "klog": "reads away the kernel's log", "bigheap": "only eats memory",
         "brk": "only eats memory", "stack": "only eats memory", "forkheavy": "starts more processes than two processors run",
         "physmmap": "maps devices' memory"}
# Of the selftests' programs, these are no tests, stop or shift the clock, or want audit for themselves.
NO_TESTS = re.compile(r"fixdep|\.so|_helper$|/(false|true|inc|set-exec|wait-pipe|sandbox-and-launch|fuse_mnt|fs_bench|audit_test"
                      r"|binfmt_loader_payload.*|seccomp_benchmark|leapcrash|leap-a-day|freq-step|adjtick|change_skew"
                      r"|skew_consistency|raw_skew|inconsistency-check|clocksource-switch|alarmtimer-suspend|rtcpie|nsleep-lat"
                      r"|threadtest|set-2038|load_address.*|splice_read|default_file_splice_read|file_stressor|cgroupstats"
                      r"|mq_perf_tests|gettime_perf|step_after.*|trace_.*)$")
FILE_SYSTEMS = ("tmpfs", "ext4", "btrfs", "overlay", "fat", "fuse")


def sh(command):
    return subprocess.run(command, shell=True, capture_output=True, text=True, check=False)


class Job:
    def __init__(self, kind, name, argv, user, seconds):
        self.kind, self.name, self.argv, self.user, self.seconds = kind, name, argv, user, seconds

    def __str__(self):
        return f"{self.kind} {self.name}{' as a user' if self.user else ''}"


class Track(threading.Thread):
    """Does one job after the other, in a cgroup that ends with the job."""

    def __init__(self, load, jobs, user):
        super().__init__(daemon=True)
        self.load, self.jobs, self.user = load, jobs, user
        self.done, self.now, self.problem = [], None, ""
        name = "user" if user else "root"
        self.group, self.out = f"{GROUPS}/{name}", f"{BASE}/out.{name}"
        os.makedirs(self.group, exist_ok=True)
        for name, value in ("memory.max", "600M"), ("memory.swap.max", "0"), ("pids.max", "1500"):
            with contextlib.suppress(OSError), open(f"{self.group}/{name}", "w", encoding="ascii") as file:
                file.write(value)

    def run(self):
        try:
            for job in self.jobs:
                if time.monotonic() >= (self.load.end if job.kind == "selftest" else self.load.late):
                    break
                self.now = job
                self.do(job)
            self.now = None
        except Exception as error:  # pylint: disable=broad-except
            self.problem = f"{self.now}: {type(error).__name__}: {error}"

    def enter(self):
        """What a job's process does before it becomes the job."""
        try:
            with open(f"{self.group}/cgroup.procs", "w", encoding="ascii") as file:
                file.write("0")
            os.setsid()
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
                file.write("500")
        except BaseException as error:
            # subprocess itself says no more than that there was one.
            os.write(2, f"{error!r} at line {error.__traceback__.tb_lineno}".encode())
            raise

    def begin(self, argv, folder):
        """Starts a job. What the one before left behind may stand in its way for some seconds."""
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": folder, "TMPDIR": folder, "LC_ALL": "C.UTF-8"}
        for left in range(19, -1, -1):
            with open(self.out, "wb") as out:
                try:
                    # pylint: disable=subprocess-popen-preexec-fn,consider-using-with
                    return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=folder,
                                            env=environment, preexec_fn=self.enter)
                except (OSError, subprocess.SubprocessError) as error:
                    why = f"{error}: {self.output()}"
            print(f"exercise: {self.now}: {why}{'; once more' if left else ''}", file=sys.stderr)
            time.sleep(1)
        self.problem = self.problem or f"{self.now} can't be started: {why}"
        return None

    def output(self):
        with open(self.out, encoding="utf-8", errors="replace") as file:
            return file.read()

    def do(self, job):
        folder = self.load.folder(job)
        argv = [word.replace("FOLDER", folder) for word in job.argv]
        process = self.begin([*AS_USER, *argv] if job.user else argv, folder)
        start = time.monotonic()
        if process is None:
            self.done.append((job, "not started", 0))
            return
        try:
            status = process.wait(min(job.seconds, max(self.load.late + 20 - start, 5)))
        except subprocess.TimeoutExpired:
            status = "timeout"
        self.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        self.done.append((job, status, time.monotonic() - start))
        if job.kind == "provoke":
            self.load.said.append((job, self.output()))
        shutil.rmtree(folder, ignore_errors=True)

    def kill(self):
        """Ends all that the job has left behind. A thousand processes take their time on a slow machine."""
        for _ in range(900):
            with open(f"{self.group}/cgroup.events", encoding="ascii") as file:
                if "populated 0" in file.read():
                    return
            with open(f"{self.group}/cgroup.kill", "w", encoding="ascii") as file:
                file.write("1")
            time.sleep(0.1)
        # Such as a task that waits, and can't be killed.
        self.problem = self.problem or f"what {self.now} has started doesn't end: {self.left()}"

    def left(self):
        """Some of the processes that don't end, and where in the kernel they are."""
        said = []
        with open(f"{self.group}/cgroup.procs", encoding="ascii") as file:
            pids = file.read().split()
        for pid in pids[:5]:
            with contextlib.suppress(OSError):
                texts = []
                for name in "comm", "stack":
                    with open(f"/proc/{pid}/{name}", encoding="ascii", errors="replace") as file:
                        texts.append(file.read().split("\n"))
                said.append(f"{texts[0][0]} in {' < '.join(line.split()[-1] for line in texts[1][:6] if line)}")
        return f"{len(pids)} processes, {'; '.join(said)}"


class Load:
    def __init__(self, options):
        self.options, self.rng = options, random.Random(options.seed)
        self.said, self.tracks, self.splat = [], [], ""
        self.started = self.end = self.late = 0.0
        with open(f"{HERE}/../../machine/splats", encoding="ascii") as file:
            self.splats = re.compile("|".join(line.rstrip("\n") for line in file if not line.startswith("#")))
        self.prepare()

    # The place

    def prepare(self):
        """Mounts file systems of all kinds below one folder, and makes the machine ready."""
        os.makedirs(BASE, exist_ok=True)
        for command in (f"mount -t tmpfs -o size=1G,mode=777 tmpfs {BASE}", f"mkdir -p {BASE}/fs {BASE}/selftests {GROUPS}",
                        f"mount -t cgroup2 cgroup2 {GROUPS}", f"echo +memory +pids +cpu +io >{GROUPS}/cgroup.subtree_control",
                        "mount -t debugfs debugfs /sys/kernel/debug", "mount -t tracefs tracefs /sys/kernel/tracing",
                        "mount -t securityfs securityfs /sys/kernel/security", "mount -t bpf bpf /sys/fs/bpf",
                        "mount -t mqueue mqueue /dev/mqueue", "mount -t smackfs smackfs /sys/fs/smackfs", "ip link set lo up",
                        "echo 1000 >/proc/sys/user/max_user_namespaces; echo 20 >/proc/sys/kernel/printk_ratelimit",
                        "echo 0 >/proc/sys/debug/exception-trace",
                        f"cp -r {REPO}/build/exercise/selftests/. {BASE}/selftests && chmod -R a+rwX {BASE}/selftests"):
            sh(command)
        with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write("-1000")
        made = {"tmpfs": ("true", "mount -t tmpfs -o size=200M tmpfs M"),
                "ext4": ("truncate -s 160M I && mkfs.ext4 -q I", "mount -o loop,acl,user_xattr I M"),
                "btrfs": ("truncate -s 160M I && mkfs.btrfs -q I", "mount -o loop I M"),
                "fat": ("truncate -s 64M I && mkfs.vfat I", "mount -o loop,umask=0 I M"),
                "overlay": ("mkdir -p I/l I/u I/w && mount -t tmpfs tmpfs I && mkdir I/l I/u I/w",
                            "mount -t overlay -o lowerdir=I/l,upperdir=I/u,workdir=I/w overlay M"),
                "fuse": ("mkdir -p I/l I/u I/w", "fuse-overlayfs -o lowerdir=I/l,upperdir=I/u,workdir=I/w,allow_other M")}
        self.file_systems = []
        for name in FILE_SYSTEMS:
            mount, image = f"{BASE}/fs/{name}", f"{BASE}/{name}.image"
            os.makedirs(mount, exist_ok=True)
            result = None
            for command in made[name]:
                result = sh(re.sub(r"\bI\b", image, re.sub(r"\bM\b", mount, command)))
                if result.returncode:
                    break
            if result.returncode:
                print(f"exercise: no {name}: {result.stderr.strip()[-150:]}", file=sys.stderr)
                os.rmdir(mount)
                continue
            sh(f"chmod 1777 {mount}")
            self.file_systems.append(mount)

    def folder(self, job):
        """A folder for a job, on one file system or another."""
        base = self.rng.choice(self.file_systems) if job.kind == "stress-ng" else f"{BASE}"
        folder = f"{base}/{job.kind}-{re.sub('[/ ]', '-', job.name)}-{'user' if job.user else 'root'}"
        os.makedirs(folder, exist_ok=True)
        with contextlib.suppress(OSError):
            os.chown(folder, USER if job.user else 0, -1)
        return folder

    # The jobs

    def stressors(self):
        names = set()
        known = set(sh("stress-ng --stressors").stdout.split())
        for class_ in CLASSES:
            names |= set(sh(f"stress-ng --class {class_}?").stdout.partition(":")[2].split())
        return sorted((names | set(MORE)) & known - set(NEVER))

    def selftests(self):
        base = f"{BASE}/selftests"
        for folder, _, files in os.walk(base):
            for name in files:
                path = os.path.join(folder, name)
                if os.access(path, os.X_OK) and not NO_TESTS.search(path) and "/tools/" not in path:
                    yield os.path.relpath(path, base)

    def jobs(self, user):
        """Each once, as long as there is time: the provokers, the stressors, then the selftests. A run that
        isn't whole mixes the latter two."""
        short = self.options.seconds <= 180
        provokers = [Job("provoke", name, [f"{HERE}/provoke.py", f"{BASE}/fs", name], user, 400 if self.options.whole else 100)
                     for name in sh(f"{HERE}/provoke.py --list").stdout.split()]
        self.rng.shuffle(provokers)
        stressors = self.stressors()
        self.rng.shuffle(stressors)
        stress = [Job("stress-ng", " ".join(names), ["stress-ng", "-q", "--oomable", "--no-rand-seed", "--temp-path", "FOLDER",
                                                     *(word for name in names for word in (f"--{name}", "1")),
                                                     "--timeout", "2s" if short else "4s"], user, 20 if short else 45)
                  for names in (stressors[at:at + AT_ONCE] for at in range(0, len(stressors), AT_ONCE))]
        tests = [Job("selftest", name, ["bash", "-c", f"cd {BASE}/selftests/{os.path.dirname(name)} && exec ./{os.path.basename(name)}"],
                     user, 15 if short else 45) for name in sorted(self.selftests())]
        self.rng.shuffle(tests)
        others = stress + tests
        if not self.options.whole:
            self.rng.shuffle(others)
        return [job for job in provokers + others if fnmatch.fnmatch(f"{job.kind} {job.name}", self.options.jobs)]

    def run(self):
        """Runs everything, until the time is over. Returns what went wrong."""
        self.tracks = [Track(self, self.jobs(user), user) for user in (False, True)]
        self.started = time.monotonic()
        self.end = self.started + self.options.seconds
        # A slow machine may take longer, so as to begin what a whole run has to.
        self.late = self.end + (self.options.seconds / 2 if self.options.whole else 0)
        for track in self.tracks:
            track.start()
        with open("/dev/kmsg", "rb") as log:
            os.set_blocking(log.fileno(), False)
            os.lseek(log.fileno(), 0, os.SEEK_END)
            while any(track.is_alive() for track in self.tracks) and not self.splat:
                time.sleep(1)
                self.watch(log)
                if time.monotonic() > self.late + 240:
                    return f"{', '.join(str(track.now) for track in self.tracks)} doesn't end"
        if self.splat:
            return f"the kernel complains: {self.splat}"
        return "; ".join(track.problem for track in self.tracks if track.problem)

    def watch(self, log):
        """Looks for splats in the kernel's log."""
        while True:
            try:
                line = os.read(log.fileno(), 1 << 13).decode(errors="replace").partition(";")[2].split("\n")[0]
            except BlockingIOError:
                return
            except OSError:  # some were overwritten
                continue
            if self.splats.search(line) and not self.splat:
                self.splat = f"'{line}' during {', '.join(str(track.now) for track in self.tracks)}"

    # What became of it

    def all_done(self):
        return [entry for track in self.tracks for entry in track.done]

    def summary(self):
        kinds = collections.Counter(job.kind for job, _, _ in self.all_done())
        left = sum(len(track.jobs) - len(track.done) for track in self.tracks)
        return (", ".join(f"{count} runs of {kind}" for kind, count in sorted(kinds.items()))
                + f" in {time.monotonic() - self.started:.0f} s on {', '.join(os.path.basename(path) for path in self.file_systems)}"
                + (f"; no time for {left}" if left else ""))

    def checks(self):
        """Names of what has to be so, each with what is otherwise."""
        if self.options.whole:
            left = [str(job) for track in self.tracks for job in track.jobs[len(track.done):] if job.kind != "selftest"]
            yield (f"provokers and stressors were all begun (a slower machine needs more than EXERCISE={self.options.seconds})"
                   if left else "provokers and stressors were all begun"), left

    def write(self, say):
        say("# Load, with its exit codes")
        by_status = collections.defaultdict(list)
        for job, status, seconds in self.all_done():
            by_status[job.kind, str(status)].append(f"{job.name}{'*' if job.user else ''} {seconds:.0f}")
        for (kind, status), names in sorted(by_status.items()):
            say(f"{kind}, {status}: {', '.join(names)}")
        say("(* as a user in user namespaces; the numbers are seconds)")
        for name, why in NEVER.items():
            say(f"not run: stress-ng {name}: it {why}")
        for job, text in self.said:
            if text.strip():
                say(f"## {job} says:")
                say(text.strip())
        say()
