"""What the record shows to whoever runs communications: its numbers drawn, and what customers write about."""
