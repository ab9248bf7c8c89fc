# Interleaved rounds of the runtimes' commands; prints a Markdown table. Called by scripts/bench.
use strict;
use warnings;
use File::Path qw(remove_tree);
use Time::HiRes qw(time sleep);

my ($work, $swiftcr, $rounds) = @ARGV;
my @names = ('swiftcr', 'crun', 'runc');
my %program = (swiftcr => $swiftcr, crun => 'crun', runc => 'runc');
my (@rows, %samples);

sub note {
  my ($row, $name, $value) = @_;
  push @rows, $row unless $samples{$row};
  push @{$samples{$row}{$name}}, $value;
}

sub median { my @sorted = sort { $a <=> $b } @_; return $sorted[@sorted / 2]; }

# Runs a command without a shell; its time, and user and system time with its children, in milliseconds.
sub timed {
  my @before = times;
  my $start = time;
  my $pid = fork;
  if ($pid == 0) {
    open STDIN, '<', '/dev/null';
    open STDOUT, '>', '/dev/null';
    exec @_ or die "exec @_: $!";
  }
  waitpid $pid, 0;
  my $took = (time - $start) * 1000;
  die "@_ failed: $?\n" if $?;
  my @after = times;
  return ($took, ($after[2] + $after[3] - $before[2] - $before[3]) * 1000);
}

# One turn of each runtime after the other, so that what the machine does meanwhile hits all of them alike.
sub interleave {
  my ($gap, $turn) = @_;
  for my $round (0 .. $rounds) {
    for my $name (@names) {
      sleep $gap if $gap;
      my %found = $turn->($name, $program{$name});
      # The first one warms the caches.
      if ($round) { note($_, $name, $found{$_}) for sort { $b cmp $a } keys %found; }
    }
  }
}

sub run_row {
  my ($row, $bundle, $gap) = @_;
  interleave($gap, sub {
    my ($name, $program) = @_;
    my ($took) = timed($program, 'run', '-b', "$work/$bundle", "b-$name");
    return ($row => $took);
  });
}

# mount(2) and umount2(2), as an engine calls them: mount(8) would cost it a process more.
my ($SYS_mount, $SYS_umount2) = (`uname -m` =~ /x86_64/ ? (165, 166) : (40, 39));

sub run_layered {
  my ($name, $program) = @_;
  return timed($program, 'run', '-b', "$work/layers", "l-$name") if $name eq 'swiftcr';
  my ($layer, $root) = ("$work/layer-$name", "$work/true/rootfs");
  my $start = time;
  mkdir $_ or die "mkdir $_: $!" for $layer, "$layer/upper", "$layer/work";
  my $lowers = join ':', map { "$work/chain/$_" } reverse 1 .. 10;
  my ($type, $options) = ("overlay", "lowerdir=$lowers,upperdir=$layer/upper,workdir=$layer/work,volatile");
  syscall($SYS_mount, $type, $root, $type, 0, $options) == 0 or die "mount: $!";
  timed($program, 'run', '-b', "$work/true", "l-$name");
  syscall($SYS_umount2, $root, 2) == 0 or die "umount: $!";
  remove_tree($layer);
  return ((time - $start) * 1000);
}

sub lifecycle {
  my ($name, @program) = @_;
  my $id = "c-$name";
  my ($create) = timed(@program, 'create', '-b', "$work/sleep", $id);
  my ($start) = timed(@program, 'start', $id);
  my ($state) = timed(@program, 'state', $id);
  my ($exec) = timed(@program, 'exec', $id, '/bin/true');
  my ($delete) = timed(@program, 'delete', '--force', $id);
  return ('create + start + delete --force' => $create + $start + $delete, 'exec' => $exec, 'state' => $state);
}

sub value {
  my ($path) = @_;
  open my $file, '<', $path or die "$path: $!";
  return <$file> / 1024;
}

# Of the container's own cgroup, from its creation to the end of its program.
sub peak_memory {
  my ($name, $program) = @_;
  my $id = "m-$name";
  timed($program, 'create', '-b', "$work/true", $id);
  timed($program, 'start', $id);
  while (`$program state $id` !~ /stopped/) {}
  chomp(my $cgroup = `find /sys/fs/cgroup/memory -type d -name $id`);
  my %found = (
    'peak memory of the container, KiB' => value("$cgroup/memory.max_usage_in_bytes"),
    'of which kernel memory, KiB' => value("$cgroup/memory.kmem.max_usage_in_bytes"));
  timed($program, 'delete', '--force', $id);
  return %found;
}

run_row('run', 'true', 0);
run_row('run, 100 ms gap', 'true', 0.1);
run_row("run with Docker's profile", 'filter', 0);
run_row("run with Docker's profile, 100 ms gap", 'filter', 0.1);
interleave(0, sub { my ($took) = run_layered(@_); return ('run, 10 layers' => $took); });
interleave(0.1, sub { my ($took) = run_layered(@_); return ('run, 10 layers, 100 ms gap' => $took); });
interleave(0, \&lifecycle);
# The clock of processes ticks every few milliseconds: many runs in one sample.
interleave(0, sub {
  my ($name, $program) = @_;
  my $sum = 0;
  for my $i (1 .. 5) { my (undef, $cpu) = timed($program, 'run', '-b', "$work/true", "u-$name"); $sum += $cpu; }
  return ('processor time of one run' => $sum / 5);
});
interleave(0, \&peak_memory) if -e '/sys/fs/cgroup/memory/memory.max_usage_in_bytes';
for my $name (@names) {
  my ($calls, $file);
  system("strace -f -c -o $work/calls $program{$name} run -b $work/true s-$name >/dev/null 2>&1");
  open $file, '<', "$work/calls" or die;
  while (<$file>) { $calls = (split)[3] if /total$/; }
  note('system calls of one run', $name, $calls);
}

print "| | ", join(' | ', @names), " |\n|---|", '---:|' x @names, "\n";
for my $row (@rows) {
  my $base = median(@{$samples{$row}{swiftcr}});
  print "| $row |", join('|', map {
      my $value = median(@{$samples{$row}{$_}});
      my $ratio = $_ ne 'swiftcr' && $base > 0 ? sprintf(' (%.1f)', $value / $base) : '';
      sprintf($row =~ /calls/ ? ' %d%s ' : ' %.2f%s ', $value, $ratio)
    } @names), "|\n";
}
