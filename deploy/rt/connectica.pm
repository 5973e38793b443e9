# What Connectica's desk needs of Request Tracker's configuration; load.sh puts it into RT_SiteConfig.d.
use utf8;

# The signed poke that wakes the portal: its address, and the portal's PORTAL_CORE_HOOK_SECRET. Empty: none is sent.
Set($PortalHookURL,    $ENV{PORTAL_HOOK_URL}    || '');
Set($PortalHookSecret, $ENV{PORTAL_HOOK_SECRET} || '');

Set($UseTransactionBatch, 1);                  # the poke goes out when a request is done, not in the middle of it
Set($ParseNewMessageForTicketCcs, 0);          # a stranger in Cc reads nobody's ticket
Set($TruncateLongAttachments, 0);
Set($DropLongAttachments, 0);

my @live = qw(open be_invoiced error);
Set(%Lifecycles,                               # RT keeps the others beside it
    connectica => {
        initial  => ['new'],
        active   => [@live],
        inactive => [qw(resolved rejected deleted)],
        defaults => { on_create => 'new', approved => 'open', denied => 'rejected',
                      reminder_on_open => 'open', reminder_on_resolve => 'resolved' },
        transitions => {
            ''          => ['new', @live, 'resolved'],
            new         => [@live, qw(resolved rejected deleted)],
            open        => [qw(be_invoiced error resolved rejected deleted)],
            be_invoiced => [qw(open error resolved deleted)],
            error       => [qw(open be_invoiced resolved rejected deleted)],
            resolved    => [@live, 'deleted'],
            rejected    => [qw(open deleted)],
            deleted     => ['open'],
        },
        rights  => { '* -> deleted' => 'DeleteTicket', '* -> *' => 'ModifyTicket' },
        actions => [
            'new -> open'             => { label => 'Open',        update => 'Respond' },
            '* -> be_invoiced'        => { label => 'Be invoiced', update => 'Comment' },
            '* -> error'              => { label => 'Error',       update => 'Comment' },
            '* -> resolved'           => { label => 'Done',        update => 'Respond' },
            'resolved -> open'        => { label => 'Re-open',     update => 'Comment' },
        ],
    },
    __maps__ => {                              # without them no ticket goes to another queue, or comes from one
        'default -> connectica' => { (map { $_ => $_ } qw(new open resolved rejected deleted)), stalled => 'open' },
        'connectica -> default' => { (map { $_ => $_ } qw(new open resolved rejected deleted)),
                                     be_invoiced => 'resolved', error => 'open' },
    },
);
1;
