# Configuration of the tests' own RT (lab.sh); the package's configuration is left alone. It listens on 127.0.0.1 only.
my $lab = $ENV{RT_LAB} or die "RT_LAB is not set: start it with lab.sh\n";
Set($rtname, 'connectica.example');
Set($Organization, 'connectica.example');
Set($Timezone, 'Europe/Prague');      # not UTC, so that a moment read in the wrong zone is noticed
Set($WebDomain, '127.0.0.1');
Set($WebPort, $ENV{RT_PORT});
Set($WebPath, '');                    # Debian's default is /rt
Set($WebBaseURL, "http://127.0.0.1:$ENV{RT_PORT}");
Set(@ReferrerWhitelist, "127.0.0.1:$ENV{RT_PORT}");
Set($WebSessionClass, 'Apache::Session::File');
$RT::MasonDataDir    = "$lab/mason";
$RT::MasonSessionDir = "$lab/sessions";
Set($BcryptCost, 4);                  # the tests' passwords live for a minute
Set($CorrespondAddress, 'noc@connectica.example');
Set($CommentAddress, 'noc-comment@connectica.example');
Set($RTAddressRegexp, '^noc(?:-comment)?@connectica[.]example$');
Set($OwnerEmail, 'root@connectica.example');
Set($NotifyActor, 0);
Set($MaxAttachmentSize, 20 * 1024 * 1024);
Set($MailCommand, 'sendmailpipe');
Set($SendmailPath, "$lab/mailpipe");
Set($SendmailArguments, '-oi');
Set($SendmailBounceArguments, '');
Set($LogToSyslog, '');
Set($LogToSTDERR, 'warning');
Set($DatabaseType, 'SQLite');
Set($DatabaseName, "$lab/db/rt5.sqlite");
1;
