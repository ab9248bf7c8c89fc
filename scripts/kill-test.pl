# Starts, kills and deletes containers; counts in which step the kill came. Called by scripts/kill-test.
use strict;
use warnings;
use Time::HiRes qw(time sleep clock_nanosleep CLOCK_MONOTONIC);

my ($work, $swiftcr, $count) = @ARGV;
my @steps = ('reserve', 'record', 'cgroup', 'container layer', 'clone', 'prepare', 'note pid', 'go', 'wait', 'remove cgroup',
  'remove container layer', 'remove state');
my %kills = ('before the first step' => 0, map { $_ => 0 } @steps);
my $log = "$work/log";

# On a processor of their own: else the kill would wait until swiftcr sleeps, and short steps would never be hit.
chomp(my $processors = `nproc`);
my @elsewhere = $processors > 1 ? ('taskset', '--cpu-list', $processors - 1) : ();
system "taskset --pid --cpu-list 0 $$ >/dev/null" if @elsewhere;

sub start {
  my ($id) = @_;
  unlink $log;
  my $pid = fork;
  if ($pid == 0) {
    open STDIN, '<', '/dev/null';
    open STDOUT, '>', '/dev/null';
    open STDERR, '>', '/dev/null';
    exec @elsewhere, $swiftcr, '--debug', '--log', $log, 'run', '--bundle', "$work/bundle", $id or die;
  }
  return $pid;
}

# The measured duration of a start, from fork to the end of the foreground run.
my @times;
for (1 .. 15) {
  my $begin = time;
  my $pid = start('measure');
  waitpid $pid, 0;
  die "the measured run failed: $?\n" if $?;
  push @times, time - $begin;
}
@times = sort { $a <=> $b } @times;
# A little longer: a killed run was also traced, and the machine is not always as quick.
my $duration = $times[7] * 1.2;
printf "a run takes %.1f ms; %d kills, evenly over it\n", $duration * 1000, $count;

my ($done, $finished, $limit) = (0, 0, $count * 10);
while ($done < $limit) {
  last if $done >= $count && !grep { $kills{$_} == 0 } @steps;
  # A low-discrepancy sequence: even over the duration at every moment of the test.
  my $fraction = $done * 0.6180339887;
  $fraction -= int $fraction;
  my $pid = start('victim');
  # Our own child, not yet waited for: the pid is still its own.
  clock_nanosleep(CLOCK_MONOTONIC, $fraction * $duration * 1e9);
  kill 'KILL', $pid;
  waitpid $pid, 0;
  my $killed = ($? & 127) == 9;
  my $last;
  if (open my $file, '<', $log) {
    while (<$file>) { $last = $1 if /step: ([a-z ]+)/ }
  }
  if (!$killed) { $finished++ }
  elsif (defined $last) { $kills{$last}++ }
  else { $kills{'before the first step'}++ }
  my $status = system $swiftcr, 'delete', '--force', 'victim';
  die "delete --force failed after a kill in step " . ($last // 'none') . "\n" if $status;
  $done++;
}
printf "%-26s %d\n", $_, $kills{$_} for ('before the first step', @steps);
printf "%-26s %d\n", 'ended before the kill', $finished;
exit(grep({ $kills{$_} == 0 } @steps) ? 3 : 0);
