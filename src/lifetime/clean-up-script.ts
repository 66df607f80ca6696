/**
 * The clean-up itself, in POSIX sh: the guardian runs it when its owner has gone, a sweep runs it on the journals of
 * owners whose guardian has gone too. One text for both, so that there is one truth about what may be killed or removed.
 *
 *   sh -c TEXT tidypool-guardian guardian SCOPE JOURNAL|-      waits for end-of-file on stdin, then replays
 *   sh -c TEXT tidypool-sweep    sweep FILE...                 replays each journal whose owner is dead
 *
 * sh, because it starts in 3 ms and needs 0.3 MiB, and as `-c TEXT`, because sh reads files as it goes: an upgrade in
 * place would change a running guardian. It is checked with dash, bash, bash --posix and busybox.
 *
 * Rules it keeps: an id that is not exactly 32 hex digits is refused before anything else (an empty one is found in every
 * process). A process is signalled only by pid and start time, read again just before; a group whose leader has gone only
 * if it can be that leader's. A directory is removed only by device and inode, below a name that follows from the id.
 * What has gone is success. Something in /dev/shm is removed only by device and inode, when it is ours and nobody uses it.
 */
export const cleanUpScript: string = withoutComments(`
# The user's tools may be anything; the system's come first.
PATH=/usr/bin:/bin:/usr/sbin:/sbin:$PATH
LC_ALL=C
export PATH LC_ALL
umask 077
# Words from journals and from /proc must not become file names.
set -f
newline='
'

# Groups are signalled as "kill -KILL -PGID": busybox knows no "--" there, and dash no "-s KILL -PGID".

# Every signal that would end us and can be caught: nodemon sends USR2 to a whole tree, systemd TERM. Which names exist differs.
for signal in HUP INT QUIT ILL TRAP ABRT BUS FPE USR1 SEGV USR2 PIPE ALRM TERM STKFLT XCPU XFSZ VTALRM PROF \\
  IO POLL PWR SYS EMT INFO TSTP TTIN TTOU 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64
do command trap '' $signal; done 2>/dev/null

is_scope() { case $1 in *[!0-9a-f]*) return 1 ;; ????????????????????????????????) return 0 ;; *) return 1 ;; esac; }
# A positive number without leading zero that every shell can count with.
is_number() { case $1 in '' | 0* | *[!0-9]* | ??????????????????*) return 1 ;; esac; }

# The echo of dash would decode what is encoded.
say() { printf '%s\\n' "$*"; }

# stat_of PID: sets state, pgrp, session, tty and start. Names may hold newlines and parentheses: the last line counts, after its last ') '.
stat_of() {
  last= state=
  if [ "$look" = proc ]; then
    while IFS= read -r line; do last=$line; done 2>/dev/null </proc/$1/stat
    [ -n "$last" ] || return 1
    set -- \${last##*) }
    state=$1 pgrp=$3 session=$4 tty=$5
    [ $# -ge 20 ] || return 1
    shift 19
    start=$1
  elif [ -z "$look" ]; then
    return 1
  else
    set -- $(ps -o state=,pgid=,lstart= -p "$1" 2>/dev/null)
    [ $# -gt 2 ] || return 1
    state=\${1%"\${1#?}"} pgrp=$2 session=0 tty=0
    shift 2
    IFS=_
    start="$*"
    IFS=" 	$newline"
  fi
}

# is_alive PID START: that very process runs. A zombie has ended.
is_alive() {
  is_number "$1" && stat_of "$1" && [ "$start" = "$2" ] || return 1
  case $state in [ZXx]) return 1 ;; esac
}

# may_signal PID: never process 1, ourselves, or the owner (it lives when only one of its threads has ended).
may_signal() { is_number "$1" && [ "$1" -gt 1 ] && [ "$1" != "$$" ] && [ "$1" != "$owner" ]; }

# Pass 1: what the owner started, by pid and start time; each leads a session of its own, so its group goes with it.
end_recorded() {
  while IFS=' ' read -r kind a b rest; do
    case $kind in
      o) is_number "$a" && owner_tty=$a ;;
      p)
        may_signal "$a" && is_alive "$a" "$b" || continue
        if [ "$pgrp" = "$a" ]; then kill -KILL "-$a"; else kill -s KILL "$a"; fi 2>/dev/null &&
          echo "process $a $b recorded"
        ;;
      # An earlier guardian that somebody stopped would stay for ever.
      g) may_signal "$a" && is_alive "$a" "$b" && kill -s KILL "$a" 2>/dev/null ;;
    esac
  done <"$journal"
}

# What is left in the groups of processes that had not ended before their owner: the parent-death signal has mostly ended
# the leader, and a child with an environment of its own carries no id. Only right after the owner's end: later the
# number of a group may be another's.
end_groups() {
  ended=$(grep '^e ' "$journal" | sed 's/^e/p/')
  if [ -n "$ended" ]; then grep '^p ' "$journal" | grep -vxF -e "$ended"; else grep '^p ' "$journal"; fi |
    while IFS=' ' read -r kind a b rest; do
      may_signal "$a" || continue
      if stat_of "$a"; then [ "$start" = "$b" ]; else is_group_of "$a" "$b"; fi || continue
      kill -KILL "-$a" 2>/dev/null && echo "process $a $b group"
    done
}

# is_group_of PID START: what is left in the group of that leader, which is no more. Such a group leads its session,
# and began after its leader, which began after its owner: the job of somebody's shell does not look like this.
is_group_of() {
  is_number "$2" && is_number "$owner_start" && [ "$2" -ge "$owner_start" ] || return 1
  [ "$look" = proc ] && kill -0 "-$1" 2>/dev/null || return 1
  for pid in $(set +f; cd /proc && echo [0-9]*); do
    stat_of "$pid" && [ "$pgrp" = "$1" ] || continue
    # All of a group are of one session.
    [ "$session" = "$1" ] && [ "$start" -ge "$2" ]
    return
  done
  return 1
}

# What is in a control group of this scope, wherever it went and whatever it carries: only the kernel knows it all.
end_control_groups() {
  while IFS=' ' read -r kind a rest; do
    [ "$kind" = c ] && directory_of "$a" && [ -f "$directory/cgroup.procs" ] || continue
    # Its members first, to be named.
    for pid in $(find "$directory" -name cgroup.procs -exec cat {} + 2>/dev/null); do
      may_signal "$pid" && stat_of "$pid" || continue
      case $state in [ZXx]) continue ;; esac
      note ended
      [ -f "$directory/cgroup.kill" ] || kill -s KILL "$pid" 2>/dev/null
    done
    # The group itself: that is one step for the kernel, and nobody can fork ahead of it.
    [ ! -f "$directory/cgroup.kill" ] || echo 1 >"$directory/cgroup.kill"
  done <"$journal" 2>/dev/null
}

remove_control_groups() {
  while IFS=' ' read -r kind a rest; do
    tries=0
    # Those who were killed may need a moment.
    while [ "$kind" = c ] && directory_of "$a" && [ -f "$directory/cgroup.procs" ] && [ $tries -lt 50 ]; do
      [ $tries -eq 0 ] || sleep 0.02 2>/dev/null || sleep 1
      # Where the kernel cannot end the group in one step, some were born meanwhile.
      for pid in $(find "$directory" -name cgroup.procs -exec cat {} + 2>/dev/null); do
        may_signal "$pid" && kill -s KILL "$pid" 2>/dev/null
      done
      find "$directory" -depth -type d -exec rmdir {} \\; 2>/dev/null
      tries=$((tries + 1))
    done
  done <"$journal"
}

carriers() { [ "$look" = proc ] && (set +f; cd /proc 2>/dev/null && grep -lsaF -e "$scope" \${1:-[0-9]*}/environ); }

# Pass 2: whatever carries the id in its environment, until nothing is found twice: in the middle of an exec a process
# shows none. Killed as found and looked for again at once, so that those who fork meanwhile lose.
end_carriers() {
  rounds=0 idle=0 empty=0 known=' ' spared=' '
  while [ $rounds -lt 1000 ] && [ $idle -lt 100 ]; do
    rounds=$((rounds + 1)) found= fresh=
    now=0
    [ -z "$look" ] || IFS='. ' read -r seconds hundredths rest 2>/dev/null </proc/uptime && now=$seconds$hundredths
    for entry in $(carriers); do
      pid=\${entry%/environ}
      may_signal "$pid" && stat_of "$pid" || continue
      case $state in [ZXx]) continue ;; esac
      seen=$start
      # Younger than this round: the number may have passed to another process since grep read it. Look once more.
      if [ "$seen" -ge "$now" ]; then
        [ -n "$(carriers "$pid")" ] && stat_of "$pid" && [ "$start" = "$seen" ] || continue
      fi
      if [ "$tty" != 0 ] && [ "$tty" != "$owner_tty" ]; then
        # Somebody works there, in a terminal that is not the owner's.
        case $spared in *" $pid "*) ;; *) spared="$spared$pid " && note spared ;; esac
        continue
      fi
      found=1
      case $known in *" $pid-$seen "*) ;; *) fresh=1 known="$known$pid-$seen " && note ended ;; esac
      kill -s KILL "$pid" 2>/dev/null
    done
    if [ -n "$found" ]; then empty=0; else empty=$((empty + 1)); fi
    [ $empty -lt 2 ] || return 0
    if [ -n "$fresh" ]; then idle=0; else idle=$((idle + 1)); fi
  done
  echo "failed processes"
}

# note WORD: remembers the process that stat_of read last, to be named in the log.
note() {
  name='?'
  IFS= read -r name 2>/dev/null </proc/$pid/comm
  [ \${#notes} -gt 8000 ] || notes="$notes$1 $pid $start $pgrp $name$newline"
}

# Processes found only by what they carry were not of a worker's group: somebody may miss them, so they are named.
write_notes() {
  [ -n "$notes" ] || return 0
  clock=$(date +%s) log=\${folder%/*}/ended.log
  printf %s "$notes" | while IFS=' ' read -r word pid start pgrp name; do
    # Recorded ones that were still dying when we looked.
    [ -n "$journal" ] && grep -q "^p $pgrp " "$journal" && continue
    name=$(printf %s "$name" | tr -cd 'A-Za-z0-9 ._/:+()-')
    echo "process $pid $start $word $name"
    [ -z "$journal" ] || echo "$clock $word $pid $start $name" >>"$log"
  done
  [ -n "$journal" ] && [ -f "$log" ] && [ "$(wc -c <"$log")" -gt 65536 ] || return 0
  tail -c 32768 "$log" >"$log.$$" && mv -f "$log.$$" "$log"
}

# directory_of WORD: decodes a path into $directory and accepts it only if it is the directory of this scope, and ours.
directory_of() {
  case $1 in *[!A-Za-z0-9/._\\\\-]* | *\\\\[!0]* | *\\\\) return 1 ;; esac
  # The full stop keeps newlines at the end of the name.
  directory=$(printf '%b.' "$1") && directory=\${directory%.}
  case $directory in [!/]* | */../* | */./*) return 1 ;; esac
  [ "\${directory##*/}" = "tidypool-\${scope%????????????????????}" ] &&
    [ -d "$directory" ] && [ ! -L "$directory" ] && [ -O "$directory" ]
}

is_directory() {
  [ -d "$directory" ] && [ ! -L "$directory" ] || return 1
  if ids=$(stat -c '%d %i' -- "$directory" 2>/dev/null); then [ "$ids" = "$1 $2" ]; return; fi
  # No GNU or busybox stat: the inode alone.
  ids=$(ls -di -- "$directory" 2>/dev/null) && set -- "$2" $ids && [ "$1" = "$2" ]
}

# has_mount PATH: something is mounted there or below. What is in it belongs to somebody else, and rm would go in. By the
# last name of the path alone, since the kernel writes blanks in those above it in its own way.
has_mount() { cut -d ' ' -f 5 /proc/self/mountinfo 2>/dev/null | grep -q -e "/\${1##*/}/" -e "/\${1##*/}$"; }

# Pass 3: the scope's directory. Only intended: it is empty, or not ours. Made: by device and inode.
remove_directories() {
  while IFS=' ' read -r kind a b c; do
    case $kind in
      d) directory_of "$a" && rmdir -- "$directory" 2>/dev/null && say "directory $a" ;;
      i)
        directory_of "$c" && is_directory "$a" "$b" || continue
        tries=0
        # Processes that were killed just now may still be adding files; folders may be closed to writing.
        while is_directory "$a" "$b" && [ $tries -lt 5 ] && ! has_mount "$directory"; do
          [ $tries -eq 0 ] || find "$directory" -type d ! -perm -700 -exec chmod u+rwx {} \\; 2>/dev/null
          [ $tries -lt 2 ] || sleep 0.1 2>/dev/null || sleep 1
          rm -rf -- "$directory" 2>/dev/null
          tries=$((tries + 1))
        done
        if is_directory "$a" "$b"; then say "failed directory $c" && keep=1; else say "directory $c"; fi
        ;;
    esac
  done <"$journal"
}

# object_of WORD: decodes the name of something in /dev/shm into $object: right below it, no link, and ours.
object_of() {
  case $1 in '' | *[!A-Za-z0-9._\\\\-]* | *\\\\[!0]* | *\\\\) return 1 ;; esac
  object=$(printf '%b.' "$1") && object=\${object%.}
  case $object in '' | . | .. | */*) return 1 ;; esac
  object=/dev/shm/$object
  { [ -f "$object" ] || [ -d "$object" ]; } && [ ! -L "$object" ] && [ -O "$object" ]
}

is_object() { [ "$(stat -c '%d %i' -- "$object" 2>/dev/null)" = "$1 $2" ]; }

# used_on DEV: the inodes of the device that processes map, open or work in, each between spaces.
used_on() {
  # As maps has it. Names are of no use there: the maker of a semaphore maps one that is no more.
  device=$(printf '%02x:%02x' $((($1 >> 8) & 4095)) $((($1 & 255) | (($1 >> 12) & 1048320))))
  (
    set +f
    cd /proc || exit
    grep -hsaF -e " $device " [0-9]*/maps | sed 's/^[^ ]* [^ ]* [^ ]* [^ ]* \\([0-9]*\\).*/\\1/'
    find [0-9]*/fd [0-9]*/cwd -type l -exec stat -L -c '%d %i' {} + 2>/dev/null | sed -n "s/^$1 //p"
    echo all
  ) | sort -u | tr '\\n' ' ' | sed 's/^/ /'
}

# is_used: whether it, or something in it, is among $used. What cannot be looked at counts as used.
is_used() {
  case $used in *' all '*) ;; *) return 0 ;; esac
  # Of another user's processes we see nothing, unless we are root; who has no rights to it does not use it.
  [ "$(id -u)" = 0 ] || case $(stat -c %a -- "$object" 2>/dev/null) in *[2-7][0-7] | *[0-7][2-7] | '') return 0 ;; esac
  inodes=$(find "$object" -exec stat -c %i {} + 2>/dev/null) && [ -n "$inodes" ] || return 0
  for inode in $inodes; do
    case $used in *" $inode "*) return 0 ;; esac
  done
  return 1
}

# What the processes made in /dev/shm, by device and inode. What others use stays; those who were just killed may need a moment.
remove_objects() {
  [ "$look" = proc ] && grep -q '^s ' "$journal" || return 0
  rounds=0 again=1
  while [ -n "$again" ] && [ $rounds -lt 10 ]; do
    [ $rounds -eq 0 ] || sleep 0.1 2>/dev/null || sleep 1
    rounds=$((rounds + 1)) again= looked= left=0
    while IFS=' ' read -r kind a b c; do
      [ "$kind" = s ] && is_number "$a" && is_number "$b" && object_of "$c" && is_object "$a" "$b" || continue
      grep -qxF "t $a $b" "$journal" && continue
      # What others use is looked at again and again: each takes some milliseconds, in which somebody may come.
      [ "$looked" = "$a" ] && [ $left -gt 0 ] || { looked=$a left=16 && used=$(used_on "$a"); }
      left=$((left - 1))
      if is_used || has_mount "$object"; then again=1; else rm -rf -- "$object" 2>/dev/null && say "object $c"; fi
    done <"$journal"
  done
}

# claim FILE: makes the journal ours by renaming it. Whoever comes second finds nothing, so each is replayed once.
claim() {
  stat_of $$ || start=0
  journal=$folder/$plain~$$-$start
  mv -- "$1" "$journal" 2>/dev/null
}

replay() {
  keep= notes= owner_tty=0
  if [ "$world" = here ]; then
    end_control_groups
    end_recorded
    [ $mode = sweep ] || end_groups
    end_carriers
    remove_control_groups
  fi
  remove_directories
  [ "$world" != here ] || remove_objects
  write_notes
  # Last, and only when all is done: until then the next sweep goes on where we were ended.
  [ -n "$keep" ] || rm -f -- "$journal"
  echo "journal $plain"
}

# take_apart FILE: sets what the name of a journal says; fails for every name that is not exactly one.
take_apart() {
  folder=\${1%/*} plain=\${1##*/} claimant=
  case $plain in *~*) claimant=\${plain#*~} plain=\${plain%%~*} ;; esac
  stem=\${plain%+} && stem=\${stem%.v1}
  scope=\${stem##*-}
  is_scope "$scope" || return 1
  stem=\${stem%-*}
  owner=\${stem%%-*} owner_start=\${stem#*-}
  is_number "$owner" && [ -n "$owner_start" ] || return 1
  case $plain in "$owner-$owner_start-$scope.v1" | "$owner-$owner_start-$scope.v1+") ;; *) return 1 ;; esac
  [ -f "$1" ] && [ ! -L "$1" ] && [ -O "$1" ]
}

# Which boot and pid namespace this is; a guardian whose owner has taken everything back never asks.
find_world() {
  IFS= read -r boot 2>/dev/null </proc/sys/kernel/random/boot_id || boot=noboot
  namespace=$(readlink /proc/self/ns/pid 2>/dev/null) && namespace=\${namespace%]} && namespace=\${namespace##*[!0-9]} || namespace=nons
}

sweep_one() {
  take_apart "$1" || return
  # Numbers of processes mean something in one boot and pid namespace only. What an earlier boot left has no processes.
  case \${folder##*/} in
    "$boot-$namespace") world=here ;;
    "$boot-"*) return ;;
    *) world=earlier ;;
  esac
  if [ $world = here ]; then
    # 0: its owner could not find out when it started, nor can we whether it lives.
    [ "$owner_start" != 0 ] && [ -n "$look" ] || return
    is_alive "$owner" "$owner_start" && return
    if [ -n "$claimant" ] && is_alive "\${claimant%%-*}" "\${claimant#*-}"; then
      # At work: leave it. Stopped: it will never finish, and must not wake up beside us.
      [ "$state" = T ] || return
      kill -s KILL "\${claimant%%-*}" 2>/dev/null
      tries=0
      while is_alive "\${claimant%%-*}" "\${claimant#*-}" && [ $tries -lt 20000 ]; do tries=$((tries + 1)); done
    fi
  fi
  # A rewriting that its owner did not live to finish: the journal beside it is complete.
  case $plain in *+) rm -f -- "$1" && return ;; esac
  claim "$1" || return
  replay
  [ $world = here ] || rmdir -- "$folder" 2>/dev/null
}

# Owners of scopes of their own that were started in ours, and have ended with it; their guardians perhaps, too.
sweep_nested() {
  mode=sweep outer=$scope nest=$folder
  find_world
  for file in $(set +f; cd "$nest" 2>/dev/null && grep -lsxF -e "n $outer" [1-9]*); do sweep_one "$nest/$file"; done
}

# How to look at processes. A /proc that belongs to another pid namespace tells about strangers; the ps of Linux reads it too.
# Asked in as few steps as there are: a guardian starts beside the first worker. (Shells read a file byte by byte.)
look=
if cd -P /proc/self 2>/dev/null && [ "\${PWD##*/}" = $$ ]; then look=proc; elif [ "$(uname)" != Linux ]; then look=ps; fi
cd /

mode=$1
case $mode in
  guardian)
    is_scope "$2" || exit 2
    # Nothing is ever said on the pipe: its end is the message. Three times, since a read may fail without being at the end.
    while read -r word; do :; done
    while read -r word; do :; done
    while read -r word; do :; done
    if [ "$3" = - ]; then
      # No journal can be had: what carries the id is all we can know.
      scope=$2 journal= folder= owner= owner_tty=0 notes=
      end_carriers
    elif take_apart "$3" && [ "$scope" = "$2" ]; then
      world=here
      rm -f -- "$3+"
      # No journal: the owner took everything back itself, or a sweep was faster.
      claim "$3" && replay && sweep_nested
    fi
    ;;
  sweep)
    shift
    find_world
    for file; do sweep_one "$file"; done
    ;;
esac
exit 0
`)

/** Comments are for readers of this file; `ps` shows the whole text. */
function withoutComments(text: string): string {
  return text
    .replace(/^ *#.*\n/gm, '')
    .replace(/\n+/g, '\n')
    .trim()
}
