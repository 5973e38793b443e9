"""Request Tracker 5 as a core: its REST2 interface asked in bulk, its JSON translated to our records."""
