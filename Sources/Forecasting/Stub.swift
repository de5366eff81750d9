// First code goes here.
