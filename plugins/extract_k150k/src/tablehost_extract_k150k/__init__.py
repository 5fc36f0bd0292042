"""Builder for tablehost: VMAF-family features of video clips, one row a clip."""
