/**
 * What holds a command where the kernel's help is to be had through perl alone.
 *
 * ```
 *   tidypool ──▶ front (perl) ──▶ holder (perl, subreaper) ──▶ command
 *                                    └──▶ whoever of its descendants has lost its parents
 * ```
 *
 * The front is what tidypool started and has in its journal. Whoever is to end it (guardian, exit hook, parent-death signal, a
 * shell's `kill -9 %1`) ends nothing but that: the holder has a session of its own, is known to none of them, and sees by the
 * end of its socket that tidypool is gone. It kills its children then, and whose children become its own by that, until the
 * kernel says that there are none. Only its own children are ever signalled: their numbers are nobody else's before it has
 * waited for them.
 *
 * Both block all signals, so that what a terminal or a service manager sends to everybody passes them by. The command has
 * the signal mask, the descriptors and the environment that it would have had, and the session and the group.
 *
 *   perl -e TEXT SOCKET LEADS PRCTL SETSID SIGPROCMASK SIGNALFD COUNT VARIABLE... COMMAND ARGUMENT...
 *
 * SOCKET is a descriptor. The holder says `held HOLDER START COMMAND START` on it just before the command runs, and `end STATUS` (as
 * wait(2) has it) after; it is told `kill`, to kill all that it has, and `release`, to go and leave what there is. LEADS is 1
 * when the command leads a session of its own. Four system calls follow, by their numbers, since the module POSIX takes longer to
 * load than all the rest. VARIABLE is `NAME=VALUE` in hexadecimal digits: what perl itself was not to see.
 *
 * Each line is whole in itself: a shell reads the text as one.
 */
export const holderScript: string = oneLine(String.raw`
my ($number, $leads, $prctl, $setsid, $sigprocmask, $signalfd, $count) = map { $_ + 0 } splice @ARGV, 0, 7;
my @variables = map { pack "H*", $_ } splice @ARGV, 0, $count;
# Shown by ps. It covers the environment as well, so that nobody finds the command's cookie there.
$0 = "tidypool-holder";

sub call { my $name = shift; my $call = shift; my $found = syscall $call, @_; $found == -1 and die "$name: $!\n"; $found }
sub start { my $pid = fork; defined $pid or die "fork: $!\n"; $pid }

# let_go DESCRIPTOR...: keeps these, and what perl opens later; a pipe that we held would not end for who reads it.
sub let_go {
  my %kept = map { $_ => 1 } @_;
  opendir my $list, "/proc/self/fd" or die "/proc/self/fd: $!\n";
  my @open = grep { /^\d+$/ && !$kept{$_} } readdir $list;
  closedir $list;
  for (@open) { open my $one, "<&=", $_ and close $one if $_ > 2 }
  $kept{0} or open STDIN, "<", "/dev/null";
  open STDOUT, ">", "/dev/null";
  open STDERR, ">", "/dev/null";
  chdir "/";
}

open my $socket, "+<&=", $number or die "descriptor $number: $!\n";
my ($every, $mask) = (pack("Q", ~0), pack("Q", 0));
call("sigprocmask", $sigprocmask, 2, $every, $mask, 8);

my $front = $$;
my $holder = start();
if ($holder) {
  close $socket;
  let_go();
  waitpid $holder, 0;
  # As the command dies by its parent-death signal when the holder is killed.
  kill "KILL", $$ if $? & 127;
  exit $? >> 8;
}

# PR_SET_CHILD_SUBREAPER
call("subreaper", $prctl, 36, 1, 0, 0, 0);
pipe my $gate, my $opener or die "pipe: $!\n";
my $command = start();
if (!$command) {
  close $socket;
  close $opener;
  call("setsid", $setsid) if $leads;
  # PR_SET_PDEATHSIG, SIGKILL
  call("parent-death signal", $prctl, 1, 9, 0, 0, 0);
  # When the holder has died before that, there is nothing to be read.
  sysread $gate, my $go, 1 or exit 1;
  delete @ENV{"LC_ALL", "_"};
  for (@variables) { my ($name, $value) = split /=/, $_, 2; $ENV{$name} = $value }
  call("sigprocmask", $sigprocmask, 2, $mask, 0, 8);
  exec { $ARGV[0] } @ARGV;
  my $why = $! + 0;
  print STDERR "tidypool-holder: $ARGV[0]: $!\n";
  exit($why == 2 ? 127 : 126);
}

close $gate;
call("setsid", $setsid);
let_go(fileno $socket, fileno $opener);
# Readable when a child has ended (SIGCHLD): a handler could come between the look and the wait.
my $chld = pack "Q", 1 << 16;
my $descriptor = call("signalfd", $signalfd, -1, $chld, 8, 0);
open my $signals, "<&=", $descriptor or die "signalfd: $!\n";

sub tell_owner { syswrite $socket, "@_\n" }

# Whether there are any children.
sub reap {
  my $pid;
  while (($pid = waitpid -1, 1) > 0) { tell_owner("end", $?) if $pid == $command }
  $pid == 0;
}

# What /proc/PID/stat has after the name: state, parent...
sub fields {
  open my $stat, "<", "/proc/$_[0]/stat" or return;
  local $/;
  my $text = <$stat> // return;
  split / /, substr $text, 2 + rindex $text, ") ";
}

# A bit for each signal that is blocked and has come.
sub pending_of {
  open my $status, "<", "/proc/$_[0]/status" or return 0;
  local $/;
  <$status> =~ /^ShdPnd:\s*([0-9a-f]+)/m ? hex $1 : 0;
}

sub children {
  if (open my $list, "<", "/proc/self/task/$$/children") { return split / /, <$list> // "" }
  # The kernel was built without such lists.
  opendir my $all, "/proc" or return;
  grep { /^\d+$/ && ((fields($_))[1] // 0) == $$ } readdir $all;
}

# Whether all are gone. Of those who fork and end all the time each lives for less than a millisecond: no pause.
sub strike {
  for (1 .. 100) { reap() or return 1; kill "KILL", children() }
  0;
}

# What a terminal sent to all of us when there was no command yet. What has come since the command has, too, and once only.
if (getppid == $front) {
  my $pending = pending_of($front);
  for (1 .. 31) { kill $_, $command if $pending >> $_ - 1 & 1 && $_ != 17 }
}
tell_owner("held", $$, (fields($$))[19], $command, (fields($command))[19]);
syswrite $opener, "go";
close $opener;

my $ears = "";
vec($ears, fileno $_, 1) = 1 for $socket, $signals;
while (1) {
  select my $heard = $ears, undef, undef, undef;
  sysread $signals, my $signal, 128 if vec $heard, fileno $signals, 1;
  reap();
  next unless vec $heard, fileno $socket, 1;
  sysread $socket, my $word, 100 or last;
  exit if $word =~ /release/;
  strike() if $word =~ /kill/;
}
# Who cannot be killed (stuck in the kernel, or another user's) is not waited for for ever.
for (1 .. 500) { strike() and last; select undef, undef, undef, 0.01 }
`)

function oneLine(text: string): string {
  return text
    .replaceAll(/^ *#.*\n/gm, '')
    .trim()
    .replaceAll(/\n */g, ' ')
}
