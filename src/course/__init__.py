"""The `course` command: build, check and grade; never imported by notebooks."""
