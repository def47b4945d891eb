/* check: what the run would meet */
