#!/usr/bin/perl
# account.pl password USER | technician USER ADDRESS REALNAME | company CODE "NAME | DOMAINS"; a password is read from
# standard input, because others can see a command line.
use strict; use warnings; use utf8; use lib '/usr/share/request-tracker5/lib';
use RT; RT->LoadConfig; RT->Init;
use Encode qw(decode_utf8);
my ($what, @words) = map { decode_utf8($_) } @ARGV;
$what //= '';
sub done { my ($ok, $msg) = @_; print STDERR "$msg\n" unless $ok; exit($ok ? 0 : 1) }
sub read_password { my $line = <STDIN> // ''; chomp $line; return $line }
if ($what eq 'password') {
    my $user = RT::User->new(RT->SystemUser); $user->Load($words[0]); die "no user $words[0]\n" unless $user->id;
    done($user->SetPassword(read_password()));
} elsif ($what eq 'technician') {
    my $user = RT::User->new(RT->SystemUser);
    my ($id, $msg) = $user->Create(Name => $words[0], EmailAddress => $words[1], RealName => $words[2],
        Privileged => 1, Password => read_password());
    die "$msg\n" unless $id;
    my $group = RT::Group->new(RT->SystemUser); $group->LoadUserDefinedGroup('Technicians');
    done($group->AddMember($user->PrincipalId));
} elsif ($what eq 'company') {
    my $field = RT::CustomField->new(RT->SystemUser); $field->LoadByName(Name => 'Company', LookupType => 'RT::Queue-RT::Ticket');
    die "load.sh first: there is no field Company\n" unless $field->id;
    done($field->AddValue(Name => $words[0], Description => $words[1]));
} else {
    die "usage: account.pl password USER | technician USER ADDRESS REALNAME | company CODE 'NAME | DOMAINS'\n";
}
